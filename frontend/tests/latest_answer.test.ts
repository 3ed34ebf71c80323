import assert from "node:assert/strict";
import { test } from "node:test";

import { LatestAnswer, type Timers } from "../src/latest_answer";

/** A clock that is moved by hand. */
class HandClock implements Timers {
  private now_ms = 0;
  private readonly waiting = new Map<number, { at_ms: number; action: () => void }>();
  private n_started = 0;

  start = (action: () => void, wait_ms: number): number => {
    this.waiting.set(++this.n_started, { at_ms: this.now_ms + wait_ms, action });
    return this.n_started;
  };

  stop = (handle: unknown): void => {
    this.waiting.delete(handle as number);
  };

  pass(ms: number): void {
    this.now_ms += ms;
    for (const [handle, { at_ms, action }] of [...this.waiting]) {
      if (at_ms > this.now_ms) continue;
      this.waiting.delete(handle);
      action();
    }
  }
}

interface Asked {
  question: number;
  signal: AbortSignal;
  answer: (text: string) => void;
  refuse: (problem: Error) => void;
}

function makeAsker(): {
  asker: LatestAnswer<number, string>; clock: HandClock; asked: Asked[]; shown: string[]; failed: unknown[];
} {
  const clock = new HandClock();
  const asked: Asked[] = [];
  const shown: string[] = [];
  const failed: unknown[] = [];
  const asker = new LatestAnswer<number, string>({
    ask: (question, signal) =>
      new Promise((answer, refuse) => asked.push({ question, signal, answer, refuse })),
    show: (answer) => shown.push(answer),
    fail: (problem) => failed.push(problem),
    wait_ms: 60,
    timers: clock,
  });
  return { asker, clock, asked, shown, failed };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a moving slider asks once, for the value at which it rests", () => {
  const { asker, clock, asked } = makeAsker();
  for (const value of [1, 2, 3]) {
    asker.request(value);
    clock.pass(30);
  }
  assert.equal(asked.length, 0);
  clock.pass(30);
  assert.deepEqual(asked.map((each) => each.question), [3]);
});

test("an answer that comes late does not replace a newer one", async () => {
  const { asker, clock, asked, shown } = makeAsker();
  asker.request(1);
  clock.pass(60);
  asker.request(2);
  clock.pass(60);
  asked[1]!.answer("second");
  await settled();
  asked[0]!.answer("first");
  await settled();
  assert.deepEqual(shown, ["second"]);
});

test("an answer to what was asked before the slider moved on is not shown", async () => {
  const { asker, clock, asked, shown } = makeAsker();
  asker.request(1);
  clock.pass(60);
  asker.request(2);
  asked[0]!.answer("first");
  await settled();
  assert.deepEqual(shown, []);
  assert.equal(asked[0]!.signal.aborted, true);
});

test("a request that failed is told, one that was given up is not", async () => {
  const { asker, clock, asked, failed } = makeAsker();
  asker.request(1);
  clock.pass(60);
  asker.request(2);
  clock.pass(60);
  asked[0]!.refuse(new Error("aborted"));
  const problem = new Error("no such pick set");
  asked[1]!.refuse(problem);
  await settled();
  assert.deepEqual(failed, [problem]);
});

test("what is forgotten is neither asked nor shown", async () => {
  const { asker, clock, asked, shown } = makeAsker();
  asker.request(1);
  asker.forget();
  clock.pass(100);
  assert.equal(asked.length, 0);
  void asker.requestNow(2);
  asker.forget();
  asked[0]!.answer("late");
  await settled();
  assert.deepEqual(shown, []);
});

test("asking now does not wait", async () => {
  const { asker, asked, shown } = makeAsker();
  const done = asker.requestNow(7);
  asked[0]!.answer("seven");
  await done;
  assert.deepEqual(shown, ["seven"]);
});
