// Which boxes of a gallery are selected: a value, and what clicks and keys make of it.

export interface BoxSelection {
  /** The box the keyboard is at; -1 for none. */
  focus: number;
  /** The box from which a range is drawn. */
  anchor: number;
  selected: ReadonlySet<number>;
}

export const noSelection: BoxSelection = { focus: -1, anchor: -1, selected: new Set() };

/** All whole numbers from one index to the other, both ends with it. */
export function indexRange(from: number, to: number): number[] {
  const low = Math.min(from, to);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, offset) => low + offset);
}

/** A box alone. */
export function selectOne(index: number): BoxSelection {
  return { focus: index, anchor: index, selected: new Set([index]) };
}

/** All boxes from the anchor to this one (shift and click, shift and arrow). */
export function extendTo(selection: BoxSelection, index: number): BoxSelection {
  const anchor = selection.anchor < 0 ? index : selection.anchor;
  return { focus: index, anchor, selected: new Set(indexRange(anchor, index)) };
}

/** This box in, or out again; the others stay (control and click). */
export function toggleOne(selection: BoxSelection, index: number): BoxSelection {
  const selected = new Set(selection.selected);
  if (!selected.delete(index)) selected.add(index);
  return { focus: index, anchor: index, selected };
}

export type Step = "left" | "right" | "up" | "down" | "first" | "last";

/** Where an arrow key leads in a grid of `nColumns`; at the edge it stays. */
export function stepFrom(focus: number, step: Step, nColumns: number, nBoxes: number): number {
  if (nBoxes === 0) return -1;
  if (focus < 0) return step === "last" ? nBoxes - 1 : 0;
  const target = {
    left: focus - 1,
    right: focus + 1,
    up: focus - nColumns,
    down: focus + nColumns,
    first: 0,
    last: nBoxes - 1,
  }[step];
  return target < 0 || target >= nBoxes ? focus : target;
}

export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A rectangle from two opposite corners, in whichever order. */
export function rectangleBetween(x0: number, y0: number, x1: number, y1: number): Rectangle {
  return { left: Math.min(x0, x1), right: Math.max(x0, x1), top: Math.min(y0, y1), bottom: Math.max(y0, y1) };
}

/** Boxes that a rectangle touches. */
export function selectTouched(places: readonly Rectangle[], drawn: Rectangle): BoxSelection {
  const touched = places.flatMap((place, index) =>
    place.left < drawn.right && place.right > drawn.left && place.top < drawn.bottom && place.bottom > drawn.top
      ? [index]
      : [],
  );
  const last = touched[touched.length - 1];
  const first = touched[0];
  return last === undefined || first === undefined
    ? noSelection
    : { focus: last, anchor: first, selected: new Set(touched) };
}
