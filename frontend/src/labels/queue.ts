// Changes on their way to the server: one request at a time, in order, none lost. What waits while
// a request is on its way goes together in the next.

import type { Labels } from "../types";
import { mergeChanges, type Change } from "./operations";

const MOST_OPERATIONS = 5000; // in one request

export interface QueueOptions {
  send: (change: Change) => Promise<Labels>;
  onSaved: (answer: Labels) => void;
  /** "keep" stops the queue until `start` is called; "drop" goes on without the change. */
  onFailed: (problem: unknown, change: Change) => "keep" | "drop";
  onChanged: (n_waiting: number) => void;
}

export class SendQueue {
  private changes: Change[] = [];
  private isSending = false;
  /** After a refusal, how many changes are sent one by one, to find the one that is refused. */
  private n_alone = 0;
  private saved = new Map<string, number>();

  constructor(private readonly options: QueueOptions) {}

  get length(): number {
    return this.changes.length;
  }

  /** Changes of a micrograph that are not confirmed, oldest first. */
  waiting(name: string): Change[] {
    return this.changes.filter((change) => change.name === name);
  }

  /** How often changes of a micrograph were confirmed. */
  countSaved(name: string): number {
    return this.saved.get(name) ?? 0;
  }

  push(change: Change): void {
    if (change.operations.length <= MOST_OPERATIONS) this.changes.push(change);
    else {
      for (let i = 0; i < change.operations.length; i += MOST_OPERATIONS) {
        const operations = change.operations.slice(i, i + MOST_OPERATIONS);
        this.changes.push({ ...change, operations });
      }
    }
    this.options.onChanged(this.length);
    this.start();
  }

  /** Sends what waits; does nothing while it is at it. */
  start(): void {
    if (!this.isSending) void this.run();
  }

  /** The first changes, as far as they are of one micrograph and fit into one request. */
  private nextBatch(): Change[] {
    const first = this.changes[0]!;
    if (this.n_alone > 0) return [first];
    let n_operations = 0;
    const end = this.changes.findIndex((change) => {
      n_operations += change.operations.length;
      return change.name !== first.name || n_operations > MOST_OPERATIONS;
    });
    return end < 0 ? [...this.changes] : this.changes.slice(0, end);
  }

  private async run(): Promise<void> {
    this.isSending = true;
    try {
      while (this.changes.length > 0) {
        const batch = this.nextBatch();
        if (!(await this.trySending(batch))) return;
      }
    } finally {
      this.isSending = false;
      this.options.onChanged(this.length);
    }
  }

  /** Whether to go on. */
  private async trySending(batch: Change[]): Promise<boolean> {
    let answer: Labels;
    try {
      answer = await this.options.send(mergeChanges(batch));
    } catch (problem) {
      if (batch.length > 1) {
        this.n_alone = batch.length;
        return true;
      }
      this.n_alone = Math.max(0, this.n_alone - 1);
      // The change is taken out first, so that what `onFailed` draws is without it.
      const first = this.changes.shift()!;
      if (this.options.onFailed(problem, first) === "drop") return true;
      this.changes.unshift(first);
      return false;
    }
    this.n_alone = Math.max(0, this.n_alone - 1);
    this.changes = this.changes.slice(batch.length);
    this.saved.set(answer.name, this.countSaved(answer.name) + 1);
    this.options.onSaved(answer);
    this.options.onChanged(this.length);
    return true;
  }
}
