import assert from "node:assert/strict";
import { test } from "node:test";

import { highestLoss, newestOf, pathOf, placeCurve, placeStages, stageStarts } from "../src/panels/train/curve_geometry";
import { nextPicks } from "../src/panels/train/next_picks";
import { countLabels, missingFor } from "../src/panels/train/readiness";

const labelled = (n_particles: number, n_negatives = 0, complete = false) => ({ n_particles, n_negatives, complete });

test("labels are counted over all micrographs that have any", () => {
  assert.deepEqual(countLabels([labelled(3), labelled(0), labelled(4, 2, true)]), {
    n_particles: 7, n_negatives: 2, n_micrographs: 2, n_complete: 1,
  });
});

test("an empty micrograph is one of those that are learnt from", () => {
  assert.deepEqual(countLabels([labelled(3), labelled(0, 0, true)]), {
    n_particles: 3, n_negatives: 0, n_micrographs: 2, n_complete: 1,
  });
});

test("what is missing is said, and nothing when nothing is", () => {
  const without = missingFor(countLabels([]), false);
  assert.deepEqual(without.map((each) => each.what), ["diameter", "particles"]);
  assert.match(without[1]!.text, /at least 5 particles/);
  assert.match(missingFor(countLabels([labelled(4)]), true)[0]!.text, /at least 1 more particle;/);
  assert.deepEqual(missingFor(countLabels([labelled(5)]), true), []);
});

const point = (stage: string, step: number, n_steps: number, loss: number, accuracy: number | null = null) => ({
  stage, step, n_steps, loss, accuracy, valid_accuracy: null,
});

test("stages follow one another along the curve", () => {
  const curve = [point("first", 0, 100, 1), point("first", 100, 100, 0.5), point("second", 50, 300, 0.2)];
  assert.equal(stageStarts(curve).n_steps, 400);
  assert.deepEqual(placeStages(curve, 200), [{ name: "first", x: 0 }, { name: "second", x: 50 }]);
  const points = placeCurve(curve, "loss", 200, 10, 0, 1);
  assert.deepEqual(points.map(({ x, y }) => [x, y]), [[0, 0], [50, 5], [75, 8]]);
  assert.equal(pathOf(points), "M0.0 0.0L50.0 5.0M75.0 8.0");
});

test("steps without a figure leave no point, and none is drawn outside", () => {
  const curve = [point("a", 1, 4, 9, null), point("a", 2, 4, Number.NaN, 0.75)];
  assert.deepEqual(placeCurve(curve, "accuracy", 100, 10, 0.5, 1), [{ stage: "a", x: 50, y: 5 }]);
  assert.deepEqual(placeCurve(curve, "loss", 100, 10, 0, 1), [{ stage: "a", x: 25, y: 0 }]);
});

test("an accuracy is that of the stage that is learnt, and stands until the next one", () => {
  const curve = [point("a", 50, 100, 1, 0.6), point("a", 100, 100, 1, 0.8), point("b", 10, 50, 1)];
  assert.equal(newestOf(curve, "accuracy"), null);
  assert.equal(newestOf([...curve, point("b", 50, 50, 1, 0.7), point("b", 60, 90, 1)], "accuracy"), 0.7);
  assert.equal(newestOf(curve, "valid_accuracy"), null);
  assert.equal(newestOf([], "accuracy"), null);
});

test("one wild step does not flatten the curve", () => {
  const curve = Array.from({ length: 100 }, (_, step) => point("a", step, 100, step === 0 ? 50 : 0.5));
  assert.ok(highestLoss(curve) < 1);
  assert.equal(highestLoss([]), 1);
});

test("the first picks of a training are shown, and then the final ones", () => {
  assert.equal(nextPicks({}, {}, null), null);
  assert.equal(nextPicks({}, { first_picks: "1-quick" }, "0"), "1-quick");
  const first = { first_picks: "1-quick" };
  assert.equal(nextPicks(first, { ...first, picks: "1" }, "1-quick"), "1");
  assert.equal(nextPicks({ ...first, picks: "1" }, { ...first, picks: "1" }, "1"), null);
});

test("a training without first picks shows its final ones", () => {
  assert.equal(nextPicks({}, { picks: "1" }, "0"), "1");
  assert.equal(nextPicks({}, { first_picks: "1-quick", picks: "1" }, "0"), "1");
});

test("whoever chose another set meanwhile keeps it", () => {
  assert.equal(nextPicks({ first_picks: "1-quick" }, { first_picks: "1-quick", picks: "1" }, "0"), null);
});
