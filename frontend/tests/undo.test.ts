import assert from "node:assert/strict";
import { test } from "node:test";

import { applyChange, dropIdle, makeOperation, type Change } from "../src/labels/operations";
import { UndoStack } from "../src/labels/undo";
import type { Labels } from "../src/types";

const EMPTY: Labels = { name: "m", revision: "", complete: false, particles: [], negatives: [] };
const add = (x: number): Change => ({ name: "m", operations: [makeOperation("add", "particle", x, 0)] });

test("undoing everything and redoing everything goes back and forth between the same labels", () => {
  const stack = new UndoStack();
  let labels = EMPTY;
  for (const x of [1, 2, 3]) {
    const change = dropIdle(labels, add(x))!;
    labels = applyChange(labels, change);
    stack.push(change);
  }
  for (let inverse = stack.undo(); inverse; inverse = stack.undo()) labels = applyChange(labels, inverse);
  assert.deepEqual(labels.particles, []);
  for (let again = stack.redo(); again; again = stack.redo()) labels = applyChange(labels, again);
  assert.deepEqual(labels.particles.map(([x]) => x), [1, 2, 3]);
});

test("a new change forgets what was undone", () => {
  const stack = new UndoStack();
  stack.push(add(1));
  stack.undo();
  assert.equal(stack.canRedo, true);
  stack.push(add(2));
  assert.equal(stack.canRedo, false);
  assert.equal(stack.redo(), null);
});

test("what the server refused cannot be undone", () => {
  const stack = new UndoStack();
  const refused = add(1);
  stack.push(refused);
  stack.forget(refused);
  assert.equal(stack.canUndo, false);
});
