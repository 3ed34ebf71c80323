// What labels say of a box of the gallery, and what makes them say something else. The same rules as for
// picks on the micrograph: the nearest label within half a diameter counts.

import { makeOperation } from "../../labels/operations";
import type { Kind, Labels, Operation } from "../../types";

export type BoxState = "none" | "accepted" | "rejected";

type Places = Pick<Labels, "particles" | "negatives">;

interface Nearest {
  place: [number, number] | null;
  distance_px: number;
}

function findNearest(places: readonly [number, number][], x_px: number, y_px: number, radius_px: number): Nearest {
  let best: Nearest = { place: null, distance_px: Infinity };
  for (const place of places) {
    const distance_px = Math.hypot(place[0] - x_px, place[1] - y_px);
    if (distance_px <= radius_px && distance_px < best.distance_px) best = { place, distance_px };
  }
  return best;
}

export function stateOf(x_px: number, y_px: number, labels: Places | null, radius_px: number): BoxState {
  if (labels === null) return "none";
  const particle = findNearest(labels.particles, x_px, y_px, radius_px);
  const negative = findNearest(labels.negatives, x_px, y_px, radius_px);
  if (negative.distance_px < particle.distance_px) return "rejected";
  return particle.place === null ? "none" : "accepted";
}

/** The operations after which the box has the wanted state; none if it has it already. */
export function operationsTo(
  wanted: BoxState, x_px: number, y_px: number, labels: Places, radius_px: number,
): Operation[] {
  const state = stateOf(x_px, y_px, labels, radius_px);
  if (state === wanted) return [];
  const operations: Operation[] = [];
  if (state !== "none") {
    const [kind, places]: [Kind, [number, number][]] =
      state === "accepted" ? ["particle", labels.particles] : ["negative", labels.negatives];
    const { place } = findNearest(places, x_px, y_px, radius_px);
    if (place !== null) operations.push(makeOperation("remove", kind, ...place));
  }
  if (wanted !== "none") {
    operations.push(makeOperation("add", wanted === "accepted" ? "particle" : "negative", x_px, y_px));
  }
  return operations;
}

/** What a click makes of a box: the mode's state, or nothing if it has that already. */
export function toggled(state: BoxState, mode: Exclude<BoxState, "none">): BoxState {
  return state === mode ? "none" : mode;
}

/** What a key makes of several boxes: all get the state, unless all have it already. */
export function toggledTogether(states: readonly BoxState[], mode: Exclude<BoxState, "none">): BoxState {
  return states.every((state) => state === mode) ? "none" : mode;
}
