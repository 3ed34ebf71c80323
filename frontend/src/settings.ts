// What this browser remembers of how things are shown.

import { effect, signal, type Signal } from "@preact/signals";

/** A signal that is kept in this browser. New keys of objects take the default's value. */
export function kept<T>(key: string, standard: T): Signal<T> {
  const name = `deepem-${key}`;
  let value = standard;
  try {
    const text = localStorage.getItem(name);
    if (text !== null) {
      const read = JSON.parse(text) as T;
      const isObject = typeof standard === "object" && standard !== null;
      value = isObject ? { ...standard, ...read } : read;
    }
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
