import assert from "node:assert/strict";
import { test } from "node:test";

import { countOf, formatCount } from "../src/numbers";
import { agreementOf, fractionText, worstFirst } from "../src/panels/compare/agreement_text";
import { chooseList, describeFormat } from "../src/panels/handover/format_choice";
import { explainExpected, explainNotExpected, percentWithError } from "../src/panels/review/expected_text";
import { durationText, secondsLeft, secondsOf, whenText } from "../src/panels/train/job_text";

test("precision and recall are whole per cent with an error that is never none", () => {
  assert.equal(percentWithError(0.9444, 0.0178), "94 ± 2 %");
  assert.equal(percentWithError(1, 0.0001), "100 ± 1 %");
  assert.equal(percentWithError(null, null), "–");
});

test("the sentence says how many of the picks should be particles", () => {
  const text = explainExpected({ precision: 0.9, precision_error: 0.02, recall: 0.8, recall_error: 0.03 }, 12000);
  assert.match(text, /Of 12\u202f000 picks about 10\u202f800 should be particles/);
  assert.match(text, /about 20 % of all particles would be missed/);
});

test("why nothing can be foretold depends on where the picks come from", () => {
  assert.match(explainNotExpected("imported", false), /another program/);
  assert.match(explainNotExpected("model", false), /too few labels/);
  assert.match(explainNotExpected("model", true), /standard deviations is wider/);
});

test("thousands are set apart", () => {
  assert.equal(formatCount(999), "999");
  assert.equal(formatCount(1234567), "1\u202f234\u202f567");
  assert.equal(countOf(1, "particle"), "1 particle");
  assert.equal(countOf(0, "not-particle"), "0 not-particles");
});

test("times are in the largest unit that matters", () => {
  assert.equal(durationText(8.4), "8 s");
  assert.equal(durationText(125), "2 min 05 s");
  assert.equal(durationText(4800), "1 h 20 min");
});

test("a job's time runs until it ends", () => {
  const job = { state: "running" as const, created: "2026-05-01T10:00:00Z", started: "2026-05-01T10:00:10Z", ended: null };
  assert.equal(secondsOf(job, Date.parse("2026-05-01T10:00:40Z")), 30);
  assert.equal(secondsOf({ ...job, ended: "2026-05-01T10:00:20Z" }, Date.parse("2026-05-01T11:00:00Z")), 10);
  assert.equal(secondsOf({ ...job, started: null }, 0), null);
});

test("today has no date", () => {
  const now = new Date(2026, 4, 1, 18, 0);
  assert.equal(whenText(new Date(2026, 4, 1, 9, 5).toISOString(), now), "09:05");
  assert.equal(whenText(new Date(2026, 3, 30, 9, 5).toISOString(), now), "30 Apr 09:05");
});

test("what is left follows from the pace, and is not guessed too early", () => {
  assert.equal(secondsLeft(0.25, 60), 180);
  assert.equal(secondsLeft(0.01, 60), null);
  assert.equal(secondsLeft(0.5, 1), null);
  assert.equal(secondsLeft(1, 60), null);
});

test("the micrograph that agrees least is first, one without picks last", () => {
  const rows = [
    { name: "same", n_a: 5, n_b: 5, n_both: 5 },
    { name: "none", n_a: 0, n_b: 0, n_both: 0 },
    { name: "few", n_a: 1, n_b: 0, n_both: 0 },
    { name: "many", n_a: 30, n_b: 20, n_both: 0 },
    { name: "half", n_a: 6, n_b: 6, n_both: 4 },
  ];
  assert.deepEqual(worstFirst(rows).map((row) => row.name), ["many", "few", "half", "same", "none"]);
  assert.equal(agreementOf(rows[4]!), 0.5);
  assert.equal(fractionText(agreementOf(rows[1]!)), "–");
  assert.equal(fractionText(0.834), "83 %");
});

test("a format is described without saying its program again", () => {
  const describe = (name: string, description: string) => describeFormat({ name, suffix: "", description });
  assert.equal(describe("relion", "RELION picking job: one file"), "picking job: one file");
  assert.equal(describe("cbox", "crYOLO .cbox: corner and size"), "corner and size");
  assert.equal(describe("box", "EMAN boxes: corner and size"), "boxes: corner and size");
  assert.equal(describe("csv", "table of all, separated by commas"), "of all, separated by commas");
  assert.equal(describe("new", "something else"), "something else");
});

test("of cryoSPARC's files the group is the list, or the table that is no passthrough", () => {
  assert.equal(chooseList(["u/J5_passthrough.cs", "u/J5.cs", "u/J5.csg"]), "u/J5.csg");
  assert.equal(chooseList(["u/J5_passthrough.cs", "u/J5.cs"]), "u/J5.cs");
  assert.equal(chooseList(["u/micrographs_ctf.star"]), "u/micrographs_ctf.star");
  assert.equal(chooseList([]), undefined);
});
