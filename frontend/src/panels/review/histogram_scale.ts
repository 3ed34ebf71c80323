// How a histogram is drawn: heights of bars and places of values, without any drawing.

import type { Histogram } from "../../types";

export type CountScale = "sqrt" | "log" | "linear";

/** Heights of the bars as fractions (0 to 1) of the highest one; any count above zero can be seen. */
export function barHeights(counts: readonly number[], scale: CountScale): number[] {
  const scaled = counts.map((count) => scaleCount(Math.max(0, count), scale));
  const highest = Math.max(0, ...scaled);
  if (highest === 0) return counts.map(() => 0);
  const leastVisible = 0.02;
  return scaled.map((height) => (height === 0 ? 0 : Math.max(leastVisible, height / highest)));
}

function scaleCount(count: number, scale: CountScale): number {
  if (scale === "sqrt") return Math.sqrt(count);
  if (scale === "log") return Math.log1p(count);
  return count;
}

/** Where a value lies between the first and the last edge, 0 to 1; values outside are put at the nearer end. */
export function fractionOfValue(value: number, low: number, high: number): number {
  if (!(high > low)) return 0;
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The value at a fraction (0 to 1) of the way from low to high. */
export function valueAtFraction(fraction: number, low: number, high: number): number {
  return low + Math.min(1, Math.max(0, fraction)) * (high - low);
}

/** First and last edge; 0 and 1 where there is no histogram. */
export function rangeOf(histogram: Histogram | null): [number, number] {
  const edges = histogram?.edges ?? [];
  const low = edges[0];
  const high = edges[edges.length - 1];
  return low === undefined || high === undefined || !(high > low) ? [0, 1] : [low, high];
}

/** A step of 1, 2 or 5 times a power of ten, so that about `nSteps` of them make the range. */
export function roundStep(low: number, high: number, nSteps: number): number {
  const rough = (high - low) / Math.max(1, nSteps);
  if (!(rough > 0) || !Number.isFinite(rough)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const multiple = rough / power;
  const nice = multiple <= 1 ? 1 : multiple <= 2 ? 2 : multiple <= 5 ? 5 : 10;
  return nice * power;
}

/** Round values to write under an axis, all within low to high. */
export function axisTicks(low: number, high: number, nTicks = 5): number[] {
  if (!(high > low)) return [];
  const step = roundStep(low, high, nTicks);
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}
