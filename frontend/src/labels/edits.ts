// What a click, a drag or a brush stroke means for the labels.

import { BELOW_THRESHOLD, CONFIRMED_BY_LABEL, REJECTED_BY_LABEL } from "../picks/corrected";
import { drawnPicks, info, labels } from "../store";
import type { Kind, Operation } from "../types";
import { negativeIndex, particleIndex, pickStates, stateOfPick } from "../viewer/scene";
import { makeOperation, roundPlace } from "./operations";
import { change } from "./session";

export interface Hit {
  kind: Kind;
  x_px: number;
  y_px: number;
}

/** The label nearest to a place, within a radius. */
export function findLabel(x_px: number, y_px: number, radius_px: number): Hit | null {
  const shown = labels.value;
  if (!shown) return null;
  const particle = particleIndex.value.nearest(x_px, y_px, radius_px);
  const negative = negativeIndex.value.nearest(x_px, y_px, radius_px);
  const particle_px = particle < 0 ? Infinity : particleIndex.value.distance(particle, x_px, y_px);
  const negative_px = negative < 0 ? Infinity : negativeIndex.value.distance(negative, x_px, y_px);
  if (particle < 0 && negative < 0) return null;
  const kind: Kind = particle_px <= negative_px ? "particle" : "negative";
  const [x, y] = kind === "particle" ? shown.particles[particle]! : shown.negatives[negative]!;
  return { kind, x_px: x, y_px: y };
}

/** All labels within a radius. */
export function findLabels(x_px: number, y_px: number, radius_px: number): Hit[] {
  const shown = labels.value;
  if (!shown) return [];
  const hits = (kind: Kind, places: readonly [number, number][], found: number[]): Hit[] =>
    found.map((i) => ({ kind, x_px: places[i]![0], y_px: places[i]![1] }));
  return [
    ...hits("particle", shown.particles, particleIndex.value.within(x_px, y_px, radius_px)),
    ...hits("negative", shown.negatives, negativeIndex.value.within(x_px, y_px, radius_px)),
  ];
}

export function isInside(x_px: number, y_px: number): boolean {
  const size = info.value;
  if (!size) return false;
  return x_px >= 0 && y_px >= 0 && x_px <= size.width_px - 1 && y_px <= size.height_px - 1;
}

export function addLabel(kind: Kind, x_px: number, y_px: number): void {
  if (!isInside(x_px, y_px)) return;
  const operations = [makeOperation("add", kind, x_px, y_px)];
  // A micrograph that was said to be empty is not, and what else is on it is not known.
  const wasEmpty = kind === "particle" && labels.value?.complete && labels.value.particles.length === 0;
  change(wasEmpty ? { operations, complete: false } : { operations });
}

/** Makes a label one of the other kind. */
export function turnLabel({ kind, x_px, y_px }: Hit): void {
  const other = kind === "particle" ? "negative" : "particle";
  change({
    operations: [
      makeOperation("remove", kind, x_px, y_px),
      makeOperation("add", other, x_px, y_px),
    ],
  });
}

export function moveLabel(kind: Kind, from: [number, number], to: [number, number]): void {
  if (!isInside(...to)) return;
  change({
    operations: [makeOperation("remove", kind, ...from), makeOperation("add", kind, ...to)],
  });
}

export function removeLabels(hits: readonly Hit[]): void {
  change({ operations: hits.map(({ kind, x_px, y_px }) => makeOperation("remove", kind, x_px, y_px)) });
}

/** Says of picks, by their places in the candidates, that they are particles, or are not. */
export function judgePicks(picked: Iterable<number>, isParticle: boolean): void {
  const picks = drawnPicks.value;
  const states = pickStates.value;
  if (!picks || !states) return;
  const operations: Operation[] = [];
  const radius_px = picks.diameter_px / 2;
  for (const i of picked) {
    const [x, y] = [picks.x_px[i]!, picks.y_px[i]!];
    if (states[i] === (isParticle ? CONFIRMED_BY_LABEL : REJECTED_BY_LABEL)) continue;
    // A label that says the opposite goes.
    const contrary = isParticle ? REJECTED_BY_LABEL : CONFIRMED_BY_LABEL;
    if (states[i] === contrary) {
      const index = isParticle ? negativeIndex.value : particleIndex.value;
      const places = isParticle ? labels.value!.negatives : labels.value!.particles;
      const nearest = places[index.nearest(x, y, radius_px)];
      if (nearest) operations.push(makeOperation("remove", isParticle ? "negative" : "particle", ...nearest));
    }
    operations.push(makeOperation("add", isParticle ? "particle" : "negative", x, y));
  }
  change({ operations });
}

/**
 * A click on a pick: kept ones are rejected, those left out or below the threshold accepted; again
 * takes it back.
 */
export function togglePick(i: number): void {
  const picks = drawnPicks.value;
  if (!picks) return;
  const [x, y] = [picks.x_px[i]!, picks.y_px[i]!];
  const state = stateOfPick(i);
  if (state === REJECTED_BY_LABEL) {
    const nearest = negativeIndex.value.nearest(x, y, picks.diameter_px / 2);
    const place = labels.value?.negatives[nearest];
    if (place) change({ operations: [makeOperation("remove", "negative", ...place)] });
  } else if (state === CONFIRMED_BY_LABEL) {
    const place: [number, number] = [roundPlace(x), roundPlace(y)];
    change({ operations: [makeOperation("remove", "particle", ...place)] });
  } else if (state === BELOW_THRESHOLD) {
    // A negative at this very place says the opposite, and goes.
    change({ operations: [makeOperation("remove", "negative", x, y), makeOperation("add", "particle", x, y)] });
  } else judgePicks([i], state !== 0);
}
