import assert from "node:assert/strict";
import { test } from "node:test";

import { applyChange } from "../src/labels/operations";
import { operationsTo, stateOf, toggled, toggledTogether } from "../src/panels/gallery/box_state";
import type { Labels } from "../src/types";

const radius_px = 10;
const labelled = (particles: [number, number][], negatives: [number, number][] = []): Labels => ({
  name: "m", revision: "1", complete: false, particles, negatives,
});

test("the nearest label within half a diameter says what a box is", () => {
  assert.equal(stateOf(50, 50, labelled([[55, 50]]), radius_px), "accepted");
  assert.equal(stateOf(50, 50, labelled([[55, 50]], [[52, 50]]), radius_px), "rejected");
  assert.equal(stateOf(50, 50, labelled([[50, 61]]), radius_px), "none");
  assert.equal(stateOf(50, 50, labelled([[45, 50]], [[55, 50]]), radius_px), "accepted");
  assert.equal(stateOf(50, 50, null, radius_px), "none");
});

test("whatever labels there are, the operations bring the wanted state about", () => {
  const states = ["none", "accepted", "rejected"] as const;
  for (const labels of [labelled([]), labelled([[54, 50]]), labelled([], [[50, 53]]), labelled([[54, 50]], [[50, 58]])]) {
    for (const wanted of states.slice(1)) {
      const operations = operationsTo(wanted, 50.004, 50, labels, radius_px);
      assert.equal(stateOf(50.004, 50, applyChange(labels, { operations }), radius_px), wanted);
    }
  }
});

test("taking back a rejection leaves no label, and nothing is done twice", () => {
  const rejected = applyChange(labelled([[300, 300]]), {
    operations: operationsTo("rejected", 50, 50, labelled([[300, 300]]), radius_px),
  });
  assert.deepEqual(rejected.negatives, [[50, 50]]);
  assert.deepEqual(operationsTo("rejected", 50, 50, rejected, radius_px), []);
  const back = applyChange(rejected, { operations: operationsTo("none", 50, 50, rejected, radius_px) });
  assert.deepEqual([back.particles, back.negatives], [[[300, 300]], []]);
});

test("several boxes are toggled together", () => {
  assert.equal(toggled("none", "rejected"), "rejected");
  assert.equal(toggled("rejected", "rejected"), "none");
  assert.equal(toggled("accepted", "rejected"), "rejected");
  assert.equal(toggledTogether(["rejected", "none"], "rejected"), "rejected");
  assert.equal(toggledTogether(["rejected", "rejected"], "rejected"), "none");
});
