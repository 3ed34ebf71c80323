// Small pictures of the list: fetched when their row is seen, a few at a time, the latest first.

import { signal, type Signal } from "@preact/signals";

import { getThumbnail } from "../api";

const AT_ONCE = 3;
const MOST_KEPT = 400;

/** Address of the picture; null while it is on its way, "" where there is none. */
type Picture = Signal<string | null>;

const kept = new Map<string, Picture>();
let waiting: string[] = [];
let n_running = 0;

/** The picture of a micrograph; asking for it queues it. */
export function thumbnail(name: string): Picture {
  const known = kept.get(name);
  if (known) {
    // The last ones asked for are kept longest.
    kept.delete(name);
    kept.set(name, known);
    return known;
  }
  const picture: Picture = signal(null);
  kept.set(name, picture);
  waiting.push(name);
  forgetOldest();
  pump();
  return picture;
}

/** A row that has left the screen before its turn need not be fetched. */
export function cancelThumbnail(name: string): void {
  if (!waiting.includes(name)) return;
  waiting = waiting.filter((other) => other !== name);
  kept.delete(name);
}

function forgetOldest(): void {
  for (const [name, picture] of kept) {
    if (kept.size <= MOST_KEPT) return;
    if (picture.value === null) continue; // on its way
    if (picture.value) URL.revokeObjectURL(picture.value);
    kept.delete(name);
  }
}

function pump(): void {
  while (n_running < AT_ONCE) {
    const name = waiting.pop();
    if (name === undefined) return;
    n_running++;
    void load(name);
  }
}

async function load(name: string): Promise<void> {
  const picture = kept.get(name);
  try {
    const blob = await getThumbnail(name);
    if (picture) picture.value = URL.createObjectURL(blob);
  } catch {
    // The row says what is wrong with the micrograph; the list needs no picture.
    if (picture) picture.value = "";
  }
  n_running--;
  pump();
}
