// What was done in this tab, to undo and redo it.

import { invertChange, type Change } from "./operations";

const LONGEST = 1000;

export class UndoStack {
  private done: Change[] = [];
  private undone: Change[] = [];

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Remembers a change that was made; what had been undone is forgotten. */
  push(change: Change): void {
    this.done.push(change);
    if (this.done.length > LONGEST) this.done.shift();
    this.undone = [];
  }

  /** The change that undoes the last one, or null. */
  undo(): Change | null {
    const change = this.done.pop();
    if (!change) return null;
    this.undone.push(change);
    return invertChange(change);
  }

  /** The change that was undone last, to be made again, or null. */
  redo(): Change | null {
    const change = this.undone.pop();
    if (!change) return null;
    this.done.push(change);
    return change;
  }

  /** Takes out what the server refused, so that undo does not trip over it. */
  forget(change: Change): void {
    this.done = this.done.filter((other) => other !== change);
  }
}
