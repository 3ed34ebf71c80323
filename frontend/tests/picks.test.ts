import assert from "node:assert/strict";
import { test } from "node:test";

import { CONFIRMED_BY_LABEL, countCorrected, findStates, REJECTED_BY_LABEL } from "../src/picks/corrected";
import { countAbove, judge } from "../src/picks/judge";
import type { Candidates, Labels } from "../src/types";

const CANDIDATES: Candidates = {
  x_px: [100, 200, 300, 400, 500, 600],
  y_px: [100, 100, 100, 100, 100, 100],
  score: [0.95, 0.9, 0.8, 0.7, 0.5, 0.2],
  std: [1.0, 1.4, 0.6, null, 1.0, 1.0],
  fails: [0, 0, 1, 0, 2, 0],
  box_size_px: 60,
  diameter_px: 40,
};
const ANY = { std_low: null, std_high: null };

function labelled(particles: [number, number][], negatives: [number, number][]): Labels {
  return { name: "m", revision: "", complete: false, particles, negatives };
}

test("a score at the threshold is above it", () => {
  assert.equal(countAbove([0.9, 0.5, 0.5, 0.4], 0.5), 3);
  assert.equal(countAbove([0.9, 0.5], 0), 2);
  assert.equal(countAbove([], 0.5), 0);
});

test("junk and the edge are left out; what is below the threshold is nobody's", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, ...ANY });
  assert.equal(picks.n, 5);
  assert.deepEqual([...picks.reasons], [0, 0, 1, 0, 3]);
  assert.equal(picks.n_kept, 3);
});

test("of several reasons the first counts: junk, standard deviation, edge", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, std_low: 1.1, std_high: 1.5 });
  assert.deepEqual([...picks.reasons], [2, 0, 1, 2, 2]);
});

test("the ends of the range of deviations belong to it, and an unknown one is outside", () => {
  const picks = judge(CANDIDATES, { threshold: 0.6, std_low: 1.0, std_high: 1.4 });
  assert.deepEqual([...picks.reasons], [0, 0, 1, 2]);
});

test("one open end of the range", () => {
  const picks = judge(CANDIDATES, { threshold: 0.6, std_low: null, std_high: 1.2 });
  assert.deepEqual([...picks.reasons], [0, 2, 1, 2]);
});

test("a negative rejects the pick it is nearest to, not its neighbour", () => {
  const close: Candidates = { ...CANDIDATES, x_px: [100, 115, 300, 400, 500, 600] };
  const picks = judge(close, { threshold: 0.5, ...ANY });
  assert.deepEqual(
    [...findStates(picks, labelled([], [[101, 100]]))], [REJECTED_BY_LABEL, 0, 1, 0, 3],
  );
});

test("a label farther than half a diameter says nothing of a pick", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, ...ANY });
  assert.equal(findStates(picks, labelled([], [[120.01, 100]]))[0], 0);
  assert.equal(findStates(picks, labelled([], [[120, 100]]))[0], REJECTED_BY_LABEL);
});

test("a pick stays where a particle is as near as the negative", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, ...ANY });
  const states = findStates(picks, labelled([[90, 100]], [[110, 100]]));
  assert.notEqual(states[0], REJECTED_BY_LABEL);
});

test("particles confirm picks, also those that were left out", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, ...ANY });
  const states = findStates(picks, labelled([[200, 101], [300, 100]], []));
  assert.deepEqual([...states], [0, CONFIRMED_BY_LABEL, CONFIRMED_BY_LABEL, 0, 3]);
});

test("an export has the picks that stay, and the particles that no pick has found", () => {
  const picks = judge(CANDIDATES, { threshold: 0.5, ...ANY });
  assert.equal(countCorrected(picks, null), 3);
  assert.equal(countCorrected(picks, labelled([], [[101, 100]])), 2);
  // One found already, one that was left out as junk, one below the threshold, one without a mark.
  assert.equal(countCorrected(picks, labelled([[200, 101], [300, 100], [600, 100], [700, 50]], [])), 6);
  assert.equal(countCorrected(picks, { ...labelled([[700, 50]], [[100, 100]]), complete: true }), 1);
});

test("as few particles as possible are without a pick", () => {
  const close: Candidates = { ...CANDIDATES, x_px: [100, 130, 300, 400, 500, 600] };
  const picks = judge(close, { threshold: 0.85, ...ANY });
  // The first particle is nearest to the second pick, which alone can be the second particle's.
  assert.equal(countCorrected(picks, labelled([[118, 100], [148, 100]], [])), 2);
  // Two picks cannot be three particles.
  assert.equal(countCorrected(picks, labelled([[82, 100], [118, 101], [145, 100]], [])), 3);
});
