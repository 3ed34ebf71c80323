// From the steps of a training to the lines of a picture, without any drawing.

import type { CurvePoint } from "../../types";

export interface PlacedPoint {
  stage: string;
  x: number;
  y: number;
}

export interface PlacedStage {
  name: string;
  x: number;
}

/** All stages after one another: where each begins and how many steps there are in all. */
export function stageStarts(curve: readonly CurvePoint[]): { starts: Map<string, number>; n_steps: number } {
  const starts = new Map<string, number>();
  const lengths = new Map<string, number>();
  for (const point of curve) {
    lengths.set(point.stage, Math.max(lengths.get(point.stage) ?? 0, point.n_steps, point.step));
  }
  let total = 0;
  for (const [stage, length] of lengths) {
    starts.set(stage, total);
    total += length;
  }
  return { starts, n_steps: total };
}

/** A quantity of the curve as points in a picture of width × height; steps without it are left out. */
export function placeCurve(
  curve: readonly CurvePoint[],
  quantity: "loss" | "accuracy" | "valid_accuracy",
  width: number,
  height: number,
  low: number,
  high: number,
): PlacedPoint[] {
  const { starts, n_steps } = stageStarts(curve);
  const range = high > low ? high - low : 1;
  return curve.flatMap((point) => {
    const value = point[quantity];
    if (value === null || value === undefined || !Number.isFinite(value)) return [];
    const x = (((starts.get(point.stage) ?? 0) + point.step) / Math.max(1, n_steps)) * width;
    const y = height - (Math.min(high, Math.max(low, value)) - low) / range * height;
    return [{ stage: point.stage, x, y }];
  });
}

/** Where the stages begin, to be marked below the picture. */
export function placeStages(curve: readonly CurvePoint[], width: number): PlacedStage[] {
  const { starts, n_steps } = stageStarts(curve);
  return [...starts].map(([name, start]) => ({ name, x: (start / Math.max(1, n_steps)) * width }));
}

/** The newest figure of the stage that is learnt now: accuracies come less often than the loss. */
export function newestOf(
  curve: readonly CurvePoint[],
  quantity: "accuracy" | "valid_accuracy",
): number | null {
  const stage = curve[curve.length - 1]?.stage;
  const known = curve.filter((point) => point.stage === stage && point[quantity] !== null);
  return known[known.length - 1]?.[quantity] ?? null;
}

/** Largest loss worth showing: of many steps, the first few may be far above all others. */
export function highestLoss(curve: readonly CurvePoint[]): number {
  const losses = curve.map((point) => point.loss).filter(Number.isFinite).sort((a, b) => a - b);
  const part = losses.length > 50 ? 0.98 : 1;
  const highest = losses[Math.floor((losses.length - 1) * part)];
  return highest === undefined || highest <= 0 ? 1 : highest * 1.05;
}

/** Points as dots of an SVG path with round ends. */
export function dotsOf(points: readonly PlacedPoint[]): string {
  return points.map((point) => `M${point.x.toFixed(1)} ${point.y.toFixed(1)}h0`).join("");
}

/** Points as the attribute of an SVG path; each stage has a line of its own. */
export function pathOf(points: readonly PlacedPoint[]): string {
  return points
    .map((point, index) => {
      const isFirst = points[index - 1]?.stage !== point.stage;
      return `${isFirst ? "M" : "L"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`;
    })
    .join("");
}
