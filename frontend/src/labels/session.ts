// Labels of this tab: drawn at once, sent in order, kept until the server has them.

import { effect, signal } from "@preact/signals";

import { ApiError, changeLabels, getLabels } from "../api";
import { currentName, labels, rows, rowsByName, unsent, unsentProblem } from "../store";
import { say, sayProblem } from "../toasts";
import type { Labels } from "../types";
import { applyChange, dropIdle, type Change } from "./operations";
import { SendQueue } from "./queue";
import { UndoStack } from "./undo";

const RETRY_MS = 3000;

const stack = new UndoStack();
export const canUndo = signal(false);
export const canRedo = signal(false);

/** Rises whenever labels that were read, or changed here, are drawn anew: of any micrograph. */
export const labelsShown = signal(0);

/** What the server last said about each micrograph that was opened. */
const known = new Map<string, Labels>();
let retryTimer: ReturnType<typeof setTimeout> | undefined;

const queue = new SendQueue({
  send: ({ name, operations, complete }) => changeLabels(name, operations, complete),
  onSaved: (answer) => {
    known.set(answer.name, answer);
    unsentProblem.value = null;
    show(answer.name);
  },
  onFailed: (problem, change) => {
    if (problem instanceof ApiError && [400, 404, 409, 413, 422].includes(problem.status)) {
      // Sending it again would not help: it is taken back, and the page says so.
      stack.forget(change);
      showUndo();
      say(`Labels of ${change.name} were not saved. ${problem.message}`, "error");
      show(change.name);
      return "drop";
    }
    unsentProblem.value = problem instanceof Error ? problem.message : String(problem);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(retryNow, RETRY_MS);
    return "keep";
  },
  onChanged: (n) => (unsent.value = n),
});

export function retryNow(): void {
  clearTimeout(retryTimer);
  queue.start();
}

/** Labels of any micrograph: the server's with what is on its way to it; null if never read. */
export function shownLabels(name: string): Labels | null {
  const base = known.get(name);
  return base ? queue.waiting(name).reduce(applyChange, base) : null;
}

/** Draws the labels of a micrograph. */
function show(name: string): void {
  const shown = shownLabels(name);
  if (!shown) return;
  labelsShown.value = labelsShown.peek() + 1;
  if (currentName.value === name) labels.value = shown;
  const row = rowsByName.value.get(name);
  const figures = {
    n_particles: shown.particles.length,
    n_negatives: shown.negatives.length,
    complete: shown.complete,
  };
  const isSame =
    row?.n_particles === figures.n_particles &&
    row.n_negatives === figures.n_negatives &&
    row.complete === figures.complete;
  if (row && !isSame) {
    rows.value = rows.value.map((other) => (other === row ? { ...row, ...figures } : other));
  }
}

/** Reads the labels of a micrograph (again), and draws them when it is the one shown. */
export async function loadLabels(name: string, signal?: AbortSignal): Promise<void> {
  show(name); // what is known of it, at once
  for (;;) {
    const n_saved = queue.countSaved(name);
    const answer = await getLabels(name, signal);
    // Labels saved in the meantime may be missing from this answer.
    if (queue.countSaved(name) !== n_saved) continue;
    known.set(name, answer);
    show(name);
    return;
  }
}

function showUndo(): void {
  canUndo.value = stack.canUndo;
  canRedo.value = stack.canRedo;
}

function enqueue(change: Change): void {
  queue.push(change);
  showUndo();
  show(change.name);
}

/** Changes labels of the micrograph shown. What is there already, or is not, is left out. */
export function change(wanted: Omit<Change, "name">): void {
  const shown = labels.value;
  const name = currentName.value;
  if (shown) make(shown, wanted);
  // They are still on their way here: what is clicked meanwhile must not be lost.
  else if (name !== null) changeOf(name, wanted).catch(sayProblem);
}

/** Changes labels of any micrograph; they are read first where they were not. */
export async function changeOf(name: string, wanted: Omit<Change, "name">): Promise<void> {
  if (!known.has(name)) await loadLabels(name);
  const shown = shownLabels(name);
  if (shown) make(shown, wanted);
}

function make(shown: Labels, wanted: Omit<Change, "name">): void {
  const real = dropIdle(shown, { ...wanted, name: shown.name });
  if (!real) return;
  stack.push(real);
  enqueue(real);
}

/** Undoes the last change of this tab; gives the micrograph's name, or null. */
export function undo(): string | null {
  const inverse = stack.undo();
  if (inverse) enqueue(inverse);
  return inverse?.name ?? null;
}

export function redo(): string | null {
  const again = stack.redo();
  if (again) enqueue(again);
  return again?.name ?? null;
}

/** Resolves when the server has all labels of this tab: what is asked of it then sees them. */
export async function whenSaved(): Promise<void> {
  let stop: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = effect(() => {
        if (unsentProblem.value !== null) reject(new Error(`Labels are not saved yet. ${unsentProblem.value}`));
        else if (unsent.value === 0) resolve();
      });
    });
  } finally {
    stop?.();
  }
}

/** Another tab or program changed labels. */
export function reloadLabels(name: string): void {
  if (known.has(name)) loadLabels(name).catch(sayProblem);
}

window.addEventListener("beforeunload", (event) => {
  if (unsent.value > 0) event.preventDefault();
});
