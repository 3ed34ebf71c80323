import assert from "node:assert/strict";
import { test } from "node:test";

import { makeOperation, type Change } from "../src/labels/operations";
import { SendQueue } from "../src/labels/queue";
import type { Labels } from "../src/types";

const answer = (name: string): Labels => ({
  name, revision: "", complete: false, particles: [], negatives: [],
});
const add = (name: string, x: number): Change => ({
  name, operations: [makeOperation("add", "particle", x, 0)],
});
const rest = () => new Promise((resolve) => setTimeout(resolve, 5));

test("one request at a time, in order; what waits goes together in the next", async () => {
  const sent: number[][] = [];
  let n_open = 0;
  const queue = new SendQueue({
    send: async (change) => {
      assert.equal(++n_open, 1);
      await rest();
      n_open--;
      sent.push(change.operations.map(({ x_px }) => x_px));
      return answer(change.name);
    },
    onSaved: () => {},
    onFailed: () => assert.fail("nothing fails here"),
    onChanged: () => {},
  });
  for (const x of [1, 2, 3]) queue.push(add("m", x));
  queue.push(add("other", 4));
  queue.push(add("m", 5));
  while (queue.length > 0) await rest();
  assert.deepEqual(sent, [[1], [2, 3], [4], [5]]);
  assert.equal(queue.countSaved("m"), 3);
});

test("after a failure nothing is lost, and everything is sent in order at the next start", async () => {
  let isReachable = false;
  const sent: number[] = [];
  const queue = new SendQueue({
    send: async (change) => {
      if (!isReachable) throw new Error("no connection");
      sent.push(...change.operations.map(({ x_px }) => x_px));
      return answer(change.name);
    },
    onSaved: () => {},
    onFailed: () => "keep",
    onChanged: () => {},
  });
  queue.push(add("m", 1));
  queue.push(add("m", 2));
  await rest();
  assert.deepEqual(queue.waiting("m").map((change) => change.operations[0]!.x_px), [1, 2]);
  isReachable = true;
  queue.start();
  await rest();
  assert.deepEqual(sent, [1, 2]);
  assert.equal(queue.length, 0);
});

test("the change that the server refuses is dropped, and all others are sent", async () => {
  const refused: number[] = [];
  const sent: number[] = [];
  const queue = new SendQueue({
    send: async (change) => {
      await rest();
      const places = change.operations.map(({ x_px }) => x_px);
      if (places.includes(3)) throw new Error("refused");
      sent.push(...places);
      return answer(change.name);
    },
    onSaved: () => {},
    onFailed: (_, change) => {
      refused.push(change.operations[0]!.x_px);
      assert.equal(queue.waiting("m").includes(change), false);
      return "drop";
    },
    onChanged: () => {},
  });
  for (const x of [1, 2, 3, 4, 5]) queue.push(add("m", x));
  while (queue.length > 0) await rest();
  assert.deepEqual(refused, [3]);
  assert.deepEqual(sent, [1, 2, 4, 5]);
});

test("a large change is cut into requests that the server takes", async () => {
  const sizes: number[] = [];
  const queue = new SendQueue({
    send: async (change) => {
      sizes.push(change.operations.length);
      return answer(change.name);
    },
    onSaved: () => {},
    onFailed: () => "keep",
    onChanged: () => {},
  });
  const operations = Array.from({ length: 11_000 }, (_, x) => makeOperation("add", "particle", x, 0));
  queue.push({ name: "m", operations });
  while (queue.length > 0) await rest();
  assert.deepEqual(sizes, [5000, 5000, 1000]);
});
