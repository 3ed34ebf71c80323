import assert from "node:assert/strict";
import { test } from "node:test";

import {
  axisTicks, barHeights, fractionOfValue, rangeOf, roundStep, valueAtFraction,
} from "../src/panels/review/histogram_scale";
import { handlesOf, isWithin, moveHandle } from "../src/panels/review/std_range";

test("the highest bar fills the picture, whatever the scale", () => {
  for (const scale of ["linear", "sqrt", "log"] as const) {
    assert.equal(Math.max(...barHeights([3, 900, 40], scale)), 1);
  }
});

test("scales keep the order of counts, and lift small ones", () => {
  const linear = barHeights([100, 10000], "linear");
  const sqrt = barHeights([100, 10000], "sqrt");
  const log = barHeights([100, 10000], "log");
  assert.equal(sqrt[0], 0.1);
  assert.ok(linear[0]! < sqrt[0]! && sqrt[0]! < log[0]! && log[0]! < 1);
});

test("one particle among a million is seen, none is not", () => {
  const heights = barHeights([0, 1, 1_000_000], "linear");
  assert.equal(heights[0], 0);
  assert.ok(heights[1]! >= 0.02);
});

test("no counts at all give no bars", () => {
  assert.deepEqual(barHeights([0, 0], "log"), [0, 0]);
  assert.deepEqual(barHeights([], "sqrt"), []);
});

test("place and value are each other's inverse within the range", () => {
  for (const value of [-2, 0.3, 7]) {
    const fraction = fractionOfValue(value, -2, 7);
    assert.ok(Math.abs(valueAtFraction(fraction, -2, 7) - value) < 1e-12);
  }
});

test("what lies outside is put at the nearer end", () => {
  assert.equal(fractionOfValue(-5, 0, 1), 0);
  assert.equal(fractionOfValue(5, 0, 1), 1);
  assert.equal(valueAtFraction(1.5, 0, 4), 4);
});

test("a range that is a point divides nothing by zero", () => {
  assert.equal(fractionOfValue(3, 3, 3), 0);
  assert.deepEqual(rangeOf({ edges: [3, 3], counts: [5] }), [0, 1]);
  assert.deepEqual(rangeOf(null), [0, 1]);
  assert.deepEqual(axisTicks(3, 3), []);
});

test("steps are 1, 2 or 5 times a power of ten", () => {
  assert.equal(roundStep(0, 1, 100), 0.01);
  assert.equal(roundStep(0, 3, 10), 0.5);
  assert.ok(Math.abs(roundStep(-0.013, 0.021, 5) - 0.01) < 1e-15);
  assert.equal(roundStep(1, 1, 5), 1);
});

test("ticks are round and within the range", () => {
  assert.deepEqual(axisTicks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  const ticks = axisTicks(-3.37, 12.9);
  assert.ok(ticks.length >= 3 && ticks.every((tick) => tick >= -3.37 && tick <= 12.9));
  assert.ok(ticks.includes(0));
});

test("a handle at the end of the histogram means any standard deviation", () => {
  const any = { std_low: null, std_high: null };
  assert.deepEqual(handlesOf(any, 0.5, 2.5), [0.5, 2.5]);
  assert.deepEqual(moveHandle(any, 1, 1.5, 0.5, 2.5), { std_low: null, std_high: 1.5 });
  assert.deepEqual(moveHandle({ std_low: null, std_high: 1.5 }, 1, 2.6, 0.5, 2.5), any);
  assert.equal(isWithin(99, any), true);
});

test("a handle stops before the other one", () => {
  const range = { std_low: 1, std_high: 1.5 };
  const raised = moveHandle(range, 0, 2, 0.5, 2.5);
  assert.ok(raised.std_low! > 1 && raised.std_low! < 1.5 && raised.std_high === 1.5);
  const lowered = moveHandle(range, 1, 0.2, 0.5, 2.5);
  assert.ok(lowered.std_high! > 1 && lowered.std_high! < 1.5 && lowered.std_low === 1);
});
