// What this browser remembers of how things are shown.

import { effect, signal, type Signal } from "@preact/signals";

/** What was remembered, over the default; new keys of objects take the default's value. */
export function recall<T>(text: string | null, standard: T): T {
  if (text === null) return standard;
  const read = JSON.parse(text) as T;
  if (Array.isArray(standard) !== Array.isArray(read) || typeof standard !== typeof read) return standard;
  const isRecord = typeof standard === "object" && standard !== null && !Array.isArray(standard);
  return isRecord ? { ...standard, ...read } : read;
}

/** A signal that is kept in this browser. */
export function kept<T>(key: string, standard: T): Signal<T> {
  const name = `deepem-${key}`;
  let value = standard;
  try {
    value = recall(localStorage.getItem(name), standard);
  } catch {
    // Storage is blocked or holds something else: the default has to do.
  }
  const result = signal(value);
  effect(() => {
    try {
      localStorage.setItem(name, JSON.stringify(result.value));
    } catch {
      // It is not remembered then.
    }
  });
  return result;
}
