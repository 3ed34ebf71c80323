import assert from "node:assert/strict";
import { test } from "node:test";

import {
  extendTo, indexRange, noSelection, rectangleBetween, selectOne, selectTouched, stepFrom, toggleOne,
} from "../src/panels/gallery/range_selection";

const sorted = (selected: ReadonlySet<number>) => [...selected].sort((a, b) => a - b);

test("a range has both its ends, in either direction", () => {
  assert.deepEqual(indexRange(3, 6), [3, 4, 5, 6]);
  assert.deepEqual(indexRange(6, 3), [3, 4, 5, 6]);
  assert.deepEqual(indexRange(4, 4), [4]);
});

test("shift takes all from where the selection began, and can go back over it", () => {
  const begun = selectOne(5);
  const forward = extendTo(begun, 8);
  assert.deepEqual(sorted(forward.selected), [5, 6, 7, 8]);
  const backward = extendTo(forward, 3);
  assert.deepEqual(sorted(backward.selected), [3, 4, 5]);
  assert.equal(backward.focus, 3);
});

test("shift with nothing selected takes that box", () => {
  assert.deepEqual(sorted(extendTo(noSelection, 4).selected), [4]);
});

test("control adds and removes one, and leaves the others and the old selection alone", () => {
  const first = selectOne(1);
  const two = toggleOne(first, 7);
  assert.deepEqual(sorted(two.selected), [1, 7]);
  assert.deepEqual(sorted(toggleOne(two, 1).selected), [7]);
  assert.deepEqual(sorted(first.selected), [1]);
});

test("arrows move in the grid and stop at its edges", () => {
  assert.equal(stepFrom(0, "right", 4, 10), 1);
  assert.equal(stepFrom(1, "down", 4, 10), 5);
  assert.equal(stepFrom(5, "up", 4, 10), 1);
  assert.equal(stepFrom(0, "left", 4, 10), 0);
  assert.equal(stepFrom(9, "right", 4, 10), 9);
  assert.equal(stepFrom(8, "down", 4, 10), 8);
  assert.equal(stepFrom(3, "last", 4, 10), 9);
});

test("the first arrow goes to the first box; without boxes there is nowhere to go", () => {
  assert.equal(stepFrom(-1, "right", 4, 10), 0);
  assert.equal(stepFrom(-1, "right", 4, 0), -1);
});

test("a drawn box selects what it touches, from whichever corner it is drawn", () => {
  const places = [0, 1, 2, 3].map((index) => rectangleBetween(index * 10, 0, index * 10 + 9, 9));
  const drawn = rectangleBetween(25, 5, 12, 3);
  assert.deepEqual(sorted(selectTouched(places, drawn).selected), [1, 2]);
  assert.equal(selectTouched(places, rectangleBetween(0, 20, 50, 30)), noSelection);
});
