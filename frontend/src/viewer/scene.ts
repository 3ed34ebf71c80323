// What is drawn over the micrograph, and what the pointer is doing to it.

import { computed, signal } from "@preact/signals";

import { indexPairs, PlaceIndex } from "../labels/places";
import { BELOW_THRESHOLD, CONFIRMED_BY_LABEL, findStates } from "../picks/corrected";
import { candidates, comparison, diameter_px, drawnPicks, labels, layers, panel } from "../store";
import type { Kind } from "../types";
import { toMicrograph, type Point, type Projection } from "./projection";

/** Where the viewer looks now; null without a micrograph. */
export const projection = signal<Projection | null>(null);
export const viewerSize = signal({ width: 0, height: 0 });
/** In pixels of the viewer; null while the pointer is elsewhere. */
export const pointer = signal<Point | null>(null);

export interface Drag {
  kind: Kind;
  from: [number, number];
  to: [number, number];
}
/** A label that is being moved. */
export const drag = signal<Drag | null>(null);

export interface Stroke {
  labels: Set<string>; // keys by `labelKey`, being erased
  picks: Set<number>; // places in the candidates, being accepted or rejected
}
export const stroke = signal<Stroke | null>(null);

export const labelKey = (kind: Kind, x_px: number, y_px: number) => `${kind} ${x_px} ${y_px}`;

/** A line drawn with the ruler, in pixels of the micrograph. */
export const ruler = signal<{ from: Point; to: Point } | null>(null);
/** A place that is marked for a moment, from 1 (just now) to 0 (no longer). */
export const flash = signal<{ x_px: number; y_px: number; strength: number } | null>(null);
/** While false, nothing is drawn over the micrograph. */
export const marksAreShown = signal(true);

/** Which of the two menus of the tool bar is open. */
export const openMenu = signal<"display" | "layers" | null>(null);

export const pickStates = computed(() =>
  drawnPicks.value ? findStates(drawnPicks.value, labels.value) : null,
);

/** Diameter of the circles in pixels of the micrograph; null where nobody has said it yet. */
export const markDiameter_px = computed(
  () => diameter_px.value ?? candidates.value?.diameter_px ?? null,
);

const cell_px = computed(() => Math.max(16, (markDiameter_px.value ?? 64) / 2));
export const particleIndex = computed(() => indexPairs(labels.value?.particles ?? [], cell_px.value));
export const negativeIndex = computed(() => indexPairs(labels.value?.negatives ?? [], cell_px.value));
export const pickIndex = computed(() => {
  const picks = drawnPicks.value;
  return picks ? new PlaceIndex(picks.x_px, picks.y_px, cell_px.value, picks.n) : null;
});

/** All candidates; only while those below the threshold are drawn can they be clicked. */
const candidateIndex = computed(() => {
  const all = candidates.value;
  return all ? new PlaceIndex(all.x_px, all.y_px, cell_px.value) : null;
});

const LEAST_CLICK_PX = 7; // on the screen

/** A click anywhere in a pick's circle means the pick; tiny circles are made easier to hit. */
export function clickRadius_px(): number {
  const scale = projection.value?.scale ?? 1;
  return Math.max(LEAST_CLICK_PX / scale, (markDiameter_px.value ?? 0) / 2);
}

/**
 * The pick at a place of the micrograph, by its place in the candidates, or -1. One that is below
 * the threshold counts while it is drawn.
 */
export function findPick({ x, y }: Point): number {
  const index = layers.value.picks && layers.value.below ? candidateIndex.value : pickIndex.value;
  return index?.nearest(x, y, clickRadius_px()) ?? -1;
}

/** What is known of a pick, by its place in the candidates: one of the states of corrected.ts. */
export function stateOfPick(i: number): number {
  const all = candidates.value;
  const n_drawn = drawnPicks.value?.n ?? 0;
  if (!all || i < n_drawn) return pickStates.value?.[i] ?? 0;
  // Below the threshold: a particle speaks for the candidate that it is nearest to.
  const radius_px = all.diameter_px / 2;
  const particle = particleIndex.value.nearest(all.x_px[i]!, all.y_px[i]!, radius_px);
  const place = labels.value?.particles[particle];
  const isItsOwn = place && candidateIndex.value?.nearest(...place, radius_px) === i;
  return isItsOwn ? CONFIRMED_BY_LABEL : BELOW_THRESHOLD;
}

/** The pick under the pointer, by its place in the candidates, or -1. */
export const hoveredPick = computed(() => {
  const at = pointer.value;
  const where = projection.value;
  if (!at || !where || !layers.value.picks || comparison.value) return -1;
  return findPick(toMicrograph(where, at));
});

/** Clicks of the select tool accept and reject picks only where that is what one came for. */
export const clickJudges = computed(() => panel.value === "review");
