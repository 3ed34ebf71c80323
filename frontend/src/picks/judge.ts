// Which candidates are picks, drawn at once while a slider moves. The same rules as `judge` in
// deepem.picking.selection; what is counted, exported or reported comes from the server.

import type { Candidates, Selection } from "../types";

/** 0 for a pick, otherwise why a candidate at or above the threshold is left out. */
export const REASONS = ["", "junk", "standard deviation", "edge"] as const;
export type Reason = 0 | 1 | 2 | 3;

export interface DrawnPicks {
  x_px: readonly number[];
  y_px: readonly number[];
  score: readonly number[];
  std: readonly (number | null)[];
  /** One for each of the first `n` candidates: those that reach the threshold. */
  reasons: Uint8Array;
  n: number;
  n_kept: number;
  diameter_px: number;
  box_size_px: number;
}

/** How many of the scores, falling, are at or above the threshold. */
export function countAbove(score: readonly number[], threshold: number): number {
  let low = 0;
  let high = score.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (score[middle]! >= threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

function findReason(std: number | null, fails: number, selection: Selection): Reason {
  if (fails === 1) return 1;
  if (selection.std_low !== null || selection.std_high !== null) {
    // One without a standard deviation is outside every range.
    if (std === null) return 2;
    if (std < (selection.std_low ?? -Infinity) || std > (selection.std_high ?? Infinity)) return 2;
  }
  return fails === 2 ? 3 : 0;
}

export function judge(candidates: Candidates, selection: Selection): DrawnPicks {
  const n = countAbove(candidates.score, selection.threshold);
  const reasons = new Uint8Array(n);
  let n_kept = 0;
  for (let i = 0; i < n; i++) {
    const reason = findReason(candidates.std[i] ?? null, candidates.fails[i] ?? 0, selection);
    reasons[i] = reason;
    if (reason === 0) n_kept++;
  }
  const { x_px, y_px, score, std, diameter_px, box_size_px } = candidates;
  return { x_px, y_px, score, std, reasons, n, n_kept, diameter_px, box_size_px };
}
