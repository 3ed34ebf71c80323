import assert from "node:assert/strict";
import { test } from "node:test";

import { EventParser } from "../src/event_parser";
import { PlaceIndex } from "../src/labels/places";
import { passes, sortRows } from "../src/list/choice";
import type { Row } from "../src/types";
import { N_STEPS, scoreStep } from "../src/viewer/colours";
import { describeLength, makeScaleBar, roundDown } from "../src/viewer/lengths";

test("round lengths", () => {
  assert.deepEqual([0.7, 1, 1.9, 2, 4.99, 5, 99, 1000].map(roundDown), [0.5, 1, 1, 2, 2, 5, 50, 1000]);
});

test("the scale bar is round, and never longer than asked", () => {
  const bar = makeScaleBar(300, 1.8);
  assert.equal(bar.text, "50 nm");
  assert.ok(bar.length_px <= 300);
  assert.equal(makeScaleBar(3, 1.8).text, "5 Å");
  assert.deepEqual(makeScaleBar(300, null), { length_px: 200, text: "200 px" });
});

test("a length is told in Å where the pixel size is known", () => {
  assert.equal(describeLength(100, 1.8), "180 Å · 100 px");
  assert.equal(describeLength(100, null), "100 px");
});

test("colours of scores go from the threshold to the best", () => {
  assert.equal(scoreStep(0.4, 0.4, 0.9), 0);
  assert.equal(scoreStep(0.9, 0.4, 0.9), N_STEPS - 1);
  assert.equal(scoreStep(0.9, 0.9, 0.9), N_STEPS - 1);
});

test("places near a point: the same as by trying all of them", () => {
  let state = 1;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647; // always the same places
  const x = Array.from({ length: 500 }, () => 1000 * random() - 100);
  const y = Array.from({ length: 500 }, () => 1000 * random() - 100);
  const index = new PlaceIndex(x, y, 37);
  for (const [px, py, radius] of [[0, 0, 80], [400, 300, 25], [-99, 800, 140]] as const) {
    const expected = x.map((_, i) => i).filter((i) => Math.hypot(x[i]! - px, y[i]! - py) <= radius);
    assert.deepEqual(index.within(px, py, radius).sort((a, b) => a - b), expected);
    const nearest = expected.sort((a, b) => index.distance(a, px, py) - index.distance(b, px, py))[0];
    assert.equal(index.nearest(px, py, radius), nearest ?? -1);
  }
});

const row = (name: string, changes: Partial<Row> = {}): Row => ({
  name, path: name, n_particles: 0, n_negatives: 0, complete: false, problem: null, ...changes,
});

test("filters of the list", () => {
  assert.ok(passes(row("a", { n_negatives: 1 }), "labelled", ""));
  assert.ok(passes(row("a", { complete: true }), "labelled", ""));
  assert.ok(!passes(row("a"), "labelled", ""));
  assert.ok(passes(row("a"), "unlabelled", ""));
  assert.ok(!passes(row("a", { problem: "damaged" }), "unlabelled", ""));
  assert.ok(passes(row("a", { problem: "damaged" }), "problems", ""));
  assert.ok(passes(row("Falcon_01"), "all", "con_0"));
  assert.ok(!passes(row("Falcon_01"), "all", "eagle"));
});

test("most picks first, those without any figure last, equal ones by name", () => {
  const counts = new Map([["b", 5], ["c", 9], ["d", 5]]);
  const sorted = sortRows(["a", "b", "c", "d"].map((name) => row(name)), "picks", (name) => {
    const n = counts.get(name);
    return n === undefined ? undefined : { n, mean_score: null };
  });
  assert.deepEqual(sorted.map(({ name }) => name), ["c", "b", "d", "a"]);
});

test("events arrive in pieces, with comments between them", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push(": hello\n\nda"), []);
  assert.deepEqual(parser.push('ta: {"type":"project"}\n'), []);
  assert.deepEqual(parser.push('\ndata: {"type":"picks","id":"001"}\n\n: still here\n\n'), [
    { type: "project" }, { type: "picks", id: "001" },
  ]);
});
