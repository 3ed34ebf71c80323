import assert from "node:assert/strict";
import { test } from "node:test";

import { InOrder } from "../src/in_order";

interface Asked {
  question: string;
  answer: (text: string) => void;
  refuse: (problem: Error) => void;
}

function makeQueue(): { ask: (question: string) => Promise<void>; asked: Asked[]; shown: string[] } {
  const asked: Asked[] = [];
  const shown: string[] = [];
  const queue = new InOrder<string>((answer) => shown.push(answer));
  const ask = (question: string) =>
    queue.ask(() => new Promise((answer, refuse) => asked.push({ question, answer, refuse })));
  return { ask, asked, shown };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the next request is sent when the one before has its answer", async () => {
  const { ask, asked } = makeQueue();
  void ask("100 Å");
  void ask("120 Å");
  await settled();
  assert.deepEqual(asked.map(({ question }) => question), ["100 Å"]);
  asked[0]!.answer("100 Å is set");
  await settled();
  assert.deepEqual(asked.map(({ question }) => question), ["100 Å", "120 Å"]);
});

test("only the newest answer is shown while others wait", async () => {
  const { ask, asked, shown } = makeQueue();
  const both = Promise.all([ask("100 Å"), ask("120 Å")]);
  await settled();
  asked[0]!.answer("100 Å is set");
  await settled();
  assert.deepEqual(shown, []);
  asked[1]!.answer("120 Å is set");
  await both;
  assert.deepEqual(shown, ["120 Å is set"]);
});

test("a refused change is told to whoever made it, and the one before it is shown", async () => {
  const { ask, asked, shown } = makeQueue();
  const [good, bad] = [ask("100 Å"), ask("-1 Å")];
  const refusal = assert.rejects(bad, /must be above 0/);
  await settled();
  asked[0]!.answer("100 Å is set");
  await settled();
  asked[1]!.refuse(new Error("must be above 0"));
  await Promise.all([good, refusal]);
  assert.deepEqual(shown, ["100 Å is set"]);
});

test("after a refusal the next request is sent", async () => {
  const { ask, asked, shown } = makeQueue();
  const refusal = assert.rejects(ask("-1 Å"), /must be above 0/);
  const next = ask("120 Å");
  await settled();
  asked[0]!.refuse(new Error("must be above 0"));
  await refusal;
  await settled();
  asked[1]!.answer("120 Å is set");
  await next;
  assert.deepEqual(shown, ["120 Å is set"]);
});
