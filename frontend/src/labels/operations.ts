// Labels and what can be done to them. A label is its kind and its place: it has no other
// identity, so repeating an operation changes nothing, and every operation has an inverse.

import type { Kind, Labels, Operation } from "../types";

/** What is sent in one request: operations, and whether the micrograph is now complete. */
export interface Change {
  name: string;
  operations: Operation[];
  complete?: boolean;
}

/** Places are kept to a hundredth of a pixel, as on disk. */
export function roundPlace(value: number): number {
  return Math.round(value * 100) / 100;
}

export function makeOperation(
  op: Operation["op"], kind: Kind, x_px: number, y_px: number,
): Operation {
  return { op, kind, x_px: roundPlace(x_px), y_px: roundPlace(y_px) };
}

const keyOf = (x_px: number, y_px: number) => `${x_px},${y_px}`;

/** Labels after a change; the given ones stay as they are. */
export function applyChange(labels: Labels, change: Omit<Change, "name">): Labels {
  const places = {
    particle: new Map(labels.particles.map((place) => [keyOf(...place), place])),
    negative: new Map(labels.negatives.map((place) => [keyOf(...place), place])),
  };
  for (const { op, kind, x_px, y_px } of change.operations) {
    if (op === "add") places[kind].set(keyOf(x_px, y_px), [x_px, y_px]);
    else places[kind].delete(keyOf(x_px, y_px));
  }
  return {
    ...labels,
    particles: [...places.particle.values()],
    negatives: [...places.negative.values()],
    complete: change.complete ?? labels.complete,
  };
}

/** The part of a change that does something to these labels. */
export function dropIdle(labels: Labels, change: Change): Change | null {
  const present = {
    particle: new Set(labels.particles.map((place) => keyOf(...place))),
    negative: new Set(labels.negatives.map((place) => keyOf(...place))),
  };
  const operations = change.operations.filter(({ op, kind, x_px, y_px }) => {
    const key = keyOf(x_px, y_px);
    if (present[kind].has(key) === (op === "add")) return false;
    if (op === "add") present[kind].add(key);
    else present[kind].delete(key);
    return true;
  });
  const { name, complete } = change;
  if (complete !== undefined && complete !== labels.complete) return { name, operations, complete };
  return operations.length > 0 ? { name, operations } : null;
}

/** What undoes a change that `dropIdle` has passed. */
export function invertChange(change: Change): Change {
  const operations = change.operations
    .map(({ op, ...rest }): Operation => ({ op: op === "add" ? "remove" : "add", ...rest }))
    .reverse();
  const { name, complete } = change;
  return complete === undefined ? { name, operations } : { name, operations, complete: !complete };
}

/** Changes of one micrograph as one, in their order. */
export function mergeChanges(changes: readonly Change[]): Change {
  const complete = changes.findLast((change) => change.complete !== undefined)?.complete;
  const merged = {
    name: changes[0]!.name,
    operations: changes.flatMap((change) => change.operations),
  };
  return complete === undefined ? merged : { ...merged, complete };
}
