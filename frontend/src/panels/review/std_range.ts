// The range of local standard deviations: handles at the ends of the histogram mean "any".

import type { Selection } from "../../types";

export type StdRange = Pick<Selection, "std_low" | "std_high">;

/** Where the two handles stand. */
export function handlesOf(range: StdRange, low: number, high: number): [number, number] {
  return [range.std_low ?? low, range.std_high ?? high];
}

/** The range after the handle (0 the lower, 1 the upper) is moved; handles push, and do not cross, each other. */
export function moveHandle(range: StdRange, handle: number, value: number, low: number, high: number): StdRange {
  const [lower, upper] = handlesOf(range, low, high);
  const moved: [number, number] =
    handle === 0 ? [value, Math.max(value, upper)] : [Math.min(value, lower), value];
  return {
    std_low: moved[0] <= low ? null : moved[0],
    std_high: moved[1] >= high ? null : moved[1],
  };
}

export function isWithin(value: number, range: StdRange): boolean {
  return value >= (range.std_low ?? -Infinity) && value <= (range.std_high ?? Infinity);
}
