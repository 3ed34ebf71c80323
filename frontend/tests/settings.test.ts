import assert from "node:assert/strict";
import { test } from "node:test";

import { recall } from "../src/settings";

test("what was never kept is the default", () => {
  assert.deepEqual(recall(null, ["relion"]), ["relion"]);
});

test("a list is recalled as a list", () => {
  assert.deepEqual(recall('["star","box"]', ["relion"]), ["star", "box"]);
  assert.deepEqual(recall("[]", ["relion"]), []);
});

test("keys that are new since then have the default's value", () => {
  assert.deepEqual(recall('{"black":2}', { black: 0.5, white: 99.5 }), { black: 2, white: 99.5 });
});

test("what has another type than the default is not taken", () => {
  assert.deepEqual(recall('{"0":"relion"}', ["relion"]), ["relion"]);
  assert.equal(recall('"wide"', 24), 24);
});
