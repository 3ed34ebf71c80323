// What sets of coordinates are called.

import { pickSets } from "../store";

/** Title of a pick set, or of the labels, by id. */
export function titleOf(id: string): string {
  return id === "labels" ? "Labels" : (pickSets.value.find((set) => set.id === id)?.title ?? id);
}
