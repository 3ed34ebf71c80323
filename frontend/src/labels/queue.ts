// Changes on their way to the server: one request at a time, in order, none lost.

import type { Labels } from "../types";
import type { Change } from "./operations";

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

  private async run(): Promise<void> {
    this.isSending = true;
    try {
      for (let first = this.changes[0]; first; first = this.changes[0]) {
        let answer: Labels;
        try {
          answer = await this.options.send(first);
        } catch (problem) {
          // The change is taken out first, so that what `onFailed` draws is without it.
          this.changes.shift();
          if (this.options.onFailed(problem, first) === "keep") {
            this.changes.unshift(first);
            return;
          }
          continue;
        }
        this.changes.shift();
        this.saved.set(first.name, this.countSaved(first.name) + 1);
        this.options.onSaved(answer);
      }
    } finally {
      this.isSending = false;
      this.options.onChanged(this.length);
    }
  }
}
