import assert from "node:assert/strict";
import { test } from "node:test";

import { applyChange, dropIdle, invertChange, makeOperation, mergeChanges, type Change } from "../src/labels/operations";
import type { Labels } from "../src/types";

const START: Labels = {
  name: "m", revision: "1", complete: false, particles: [[10, 20], [30.5, 40]], negatives: [[5, 5]],
};

const asSet = (labels: Labels) => ({
  complete: labels.complete,
  particles: labels.particles.map(String).sort(),
  negatives: labels.negatives.map(String).sort(),
});

test("places are kept to a hundredth of a pixel", () => {
  assert.deepEqual(makeOperation("add", "particle", 1.23456, 7.999), {
    op: "add", kind: "particle", x_px: 1.23, y_px: 8,
  });
});

test("a label that is there is not added twice, and one that is not cannot be removed", () => {
  const changed = applyChange(START, {
    operations: [makeOperation("add", "particle", 10, 20), makeOperation("remove", "negative", 6, 5)],
  });
  assert.deepEqual(asSet(changed), asSet(START));
});

test("a particle and a negative at one place are two labels", () => {
  const changed = applyChange(START, { operations: [makeOperation("add", "negative", 10, 20)] });
  assert.equal(changed.particles.length, 2);
  assert.equal(changed.negatives.length, 2);
});

test("the given labels stay as they are", () => {
  const before = structuredClone(START);
  applyChange(START, { operations: [makeOperation("remove", "particle", 10, 20)], complete: true });
  assert.deepEqual(START, before);
});

test("what does nothing is left out, and a change of nothing is none", () => {
  const change: Change = {
    name: "m",
    operations: [
      makeOperation("add", "particle", 10, 20),
      makeOperation("add", "particle", 1, 2),
      makeOperation("add", "particle", 1, 2),
    ],
  };
  assert.deepEqual(dropIdle(START, change)?.operations, [makeOperation("add", "particle", 1, 2)]);
  assert.equal(dropIdle(START, { name: "m", operations: [], complete: false }), null);
});

test("a move and its inverse give the labels back", () => {
  const move: Change = {
    name: "m",
    complete: true,
    operations: [makeOperation("remove", "particle", 10, 20), makeOperation("add", "particle", 11, 22)],
  };
  const moved = applyChange(START, move);
  assert.deepEqual(moved.particles.map(String).sort(), ["11,22", "30.5,40"]);
  assert.equal(moved.complete, true);
  assert.deepEqual(asSet(applyChange(moved, invertChange(move))), asSet(START));
});

test("adding and removing the same label in one change can be undone", () => {
  const change = dropIdle(START, {
    name: "m",
    operations: [makeOperation("remove", "particle", 10, 20), makeOperation("add", "particle", 10, 20)],
  })!;
  const changed = applyChange(START, change);
  assert.deepEqual(asSet(applyChange(changed, invertChange(change))), asSet(START));
});

test("changes one after the other and merged give the same labels", () => {
  const changes: Change[] = [
    { name: "m", operations: [makeOperation("add", "particle", 1, 2)], complete: true },
    { name: "m", operations: [makeOperation("remove", "particle", 1, 2)], complete: false },
    { name: "m", operations: [makeOperation("add", "negative", 3, 4)] },
  ];
  assert.deepEqual(asSet(applyChange(START, mergeChanges(changes))), asSet(changes.reduce(applyChange, START)));
});
