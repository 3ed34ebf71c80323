// What labels make of the picks drawn: the rules of `correct_picks` in deepem.picking.correction.

import { indexPairs, PlaceIndex } from "../labels/places";
import type { Labels } from "../types";
import type { DrawnPicks } from "./judge";

/** States beyond the reasons of judge.ts: what a label near the pick says. */
export const REJECTED_BY_LABEL = 4;
export const CONFIRMED_BY_LABEL = 5;
/** Not among the drawn picks: no label takes it out, but a click can accept it. */
export const BELOW_THRESHOLD = 6;

export const STATE_TEXT = [
  "kept",
  "left out: in junk",
  "left out: standard deviation",
  "left out: at the edge",
  "rejected by you",
  "confirmed by you",
  "below the threshold",
] as const;

/**
 * The state of each drawn pick: a reason of judge.ts, or what a label within half a diameter says.
 * A label speaks for one pick: pairs are made one to one, the nearest first, and picks that are
 * kept come before those left out.
 */
export function findStates(picks: DrawnPicks, labels: Labels | null): Uint8Array {
  const states = picks.reasons.slice();
  const n_particles = labels?.particles.length ?? 0;
  if (!labels || n_particles + labels.negatives.length === 0) return states;
  const radius_px = picks.diameter_px / 2;
  const places = indexPairs([...labels.particles, ...labels.negatives], radius_px);
  const particles = indexPairs(labels.particles, radius_px);
  const isTaken = new Set<number>();
  for (const areKept of [true, false]) {
    for (const { pick, label, distance_px } of nearestPairs(picks, places, radius_px, areKept, isTaken)) {
      if (label < n_particles) {
        states[pick] = CONFIRMED_BY_LABEL;
        continue;
      }
      // It stays where a particle is as near.
      const particle = particles.nearest(picks.x_px[pick]!, picks.y_px[pick]!, distance_px);
      if (areKept && particle < 0) states[pick] = REJECTED_BY_LABEL;
    }
  }
  return states;
}

/** How many particles an export has of this micrograph: as many as `correct_picks` gives. */
export function countCorrected(picks: DrawnPicks, labels: Labels | null): number {
  if (labels?.complete) return labels.particles.length;
  const states = findStates(picks, labels);
  const stay: number[] = [];
  for (let i = 0; i < picks.n; i++) {
    if (picks.reasons[i] === 0 && states[i] !== REJECTED_BY_LABEL) stay.push(i);
  }
  const particles = labels?.particles ?? [];
  const radius_px = picks.diameter_px / 2;
  const places = new PlaceIndex(stay.map((i) => picks.x_px[i]!), stay.map((i) => picks.y_px[i]!), radius_px);
  const n_found = countMatched(particles.map(([x, y]) => places.within(x, y, radius_px)));
  return stay.length + particles.length - n_found;
}

/** How many can have a partner of their own at most, each from those it may have. */
function countMatched(choices: readonly number[][]): number {
  const takenBy = new Map<number, number>();
  const find = (one: number, seen: Set<number>): boolean => {
    for (const partner of choices[one]!) {
      if (seen.has(partner)) continue;
      seen.add(partner);
      const other = takenBy.get(partner);
      // Who has it already may find another.
      if (other === undefined || find(other, seen)) {
        takenBy.set(partner, one);
        return true;
      }
    }
    return false;
  };
  return choices.filter((_, one) => find(one, new Set())).length;
}

interface Pair {
  pick: number;
  label: number;
  distance_px: number;
}

/** Pairs of picks and labels that are not taken yet, one to one, the nearest first. */
function nearestPairs(
  picks: DrawnPicks, places: PlaceIndex, radius_px: number, areKept: boolean, isTaken: Set<number>,
): Pair[] {
  const pairs: Pair[] = [];
  for (let pick = 0; pick < picks.n; pick++) {
    if ((picks.reasons[pick] === 0) !== areKept) continue;
    const x = picks.x_px[pick]!;
    const y = picks.y_px[pick]!;
    for (const label of places.within(x, y, radius_px)) {
      pairs.push({ pick, label, distance_px: places.distance(label, x, y) });
    }
  }
  pairs.sort((first, second) => first.distance_px - second.distance_px);
  const isPaired = new Set<number>();
  return pairs.filter(({ pick, label }) => {
    if (isPaired.has(pick) || isTaken.has(label)) return false;
    isPaired.add(pick);
    isTaken.add(label);
    return true;
  });
}
