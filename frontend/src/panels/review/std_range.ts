// The range of local standard deviations: handles at the ends of the histogram mean "any".

import type { Selection } from "../../types";

export type StdRange = Pick<Selection, "std_low" | "std_high">;

/** Where the two handles stand. */
export function handlesOf(range: StdRange, low: number, high: number): [number, number] {
  return [range.std_low ?? low, range.std_high ?? high];
}

/** The range after the handle (0 the lower, 1 the upper) is moved; it stops before the other one. */
export function moveHandle(range: StdRange, handle: number, value: number, low: number, high: number): StdRange {
  const [lower, upper] = handlesOf(range, low, high);
  const leastWidth = (high - low) / 200;
  if (handle === 0) {
    const moved = Math.min(value, upper - leastWidth);
    return { std_low: moved <= low ? null : moved, std_high: range.std_high };
  }
  const moved = Math.max(value, lower + leastWidth);
  return { std_low: range.std_low, std_high: moved >= high ? null : moved };
}

export function isWithin(value: number, range: StdRange): boolean {
  return value >= (range.std_low ?? -Infinity) && value <= (range.std_high ?? Infinity);
}
