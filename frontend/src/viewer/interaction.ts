// The pointer over the micrograph: what it does depends on the tool.

import {
  addLabel, findLabel, findLabels, judgePicks, moveLabel, removeLabels, togglePick, turnLabel, type Hit,
} from "../labels/edits";
import { brushRadius, tool } from "../store";
import { toMicrograph, type Point } from "./projection";
import {
  clickJudges, drag, findPick, labelKey, markDiameter_px, pickIndex, pointer, projection, ruler, stroke,
} from "./scene";
import type { Stage } from "./stage";

const CLICK_PX = 4; // a shorter way of the pointer is a click
const GRAB_FRACTION = 0.35; // of the diameter: how near to a label's centre grabs it
const LEAST_GRAB_PX = 7; // on the screen

type Gesture =
  | { kind: "pan"; last: Point }
  | { kind: "click"; start: Point; hit: Hit | null; button: number }
  | { kind: "move"; hit: Hit }
  | { kind: "brush"; last: Point; hits: Map<string, Hit>; picks: Set<number> }
  | { kind: "ruler"; from: Point };

export function attachPointer(element: HTMLElement, stage: Stage): () => void {
  let gesture: Gesture | null = null;
  let spaceIsDown = false;

  const pointOf = (event: MouseEvent): Point => {
    const frame = element.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  const placeOf = (point: Point): Point | null =>
    projection.value && toMicrograph(projection.value, point);

  /** How near to a centre the pointer must be, in pixels of the micrograph. */
  const grab_px = () =>
    Math.max(
      LEAST_GRAB_PX / (projection.value?.scale ?? 1), GRAB_FRACTION * (markDiameter_px.value ?? 0),
    );

  const isBrush = () => ["eraser", "accept", "reject"].includes(tool.value);

  function brush(point: Point, hits: Map<string, Hit>, picks: Set<number>): void {
    const place = placeOf(point);
    if (!place) return;
    // What the brush covers the middle of, and what its own middle is in.
    const radius_px = Math.max(
      brushRadius.value / projection.value!.scale, (markDiameter_px.value ?? 0) / 2,
    );
    if (tool.value === "eraser") {
      for (const hit of findLabels(place.x, place.y, radius_px)) {
        hits.set(labelKey(hit.kind, hit.x_px, hit.y_px), hit);
      }
    } else {
      for (const i of pickIndex.value?.within(place.x, place.y, radius_px) ?? []) picks.add(i);
    }
    stroke.value = { labels: new Set(hits.keys()), picks: new Set(picks) };
  }

  function click(point: Point, hit: Hit | null): void {
    const place = placeOf(point);
    if (!place) return;
    if (tool.value === "particle" || tool.value === "negative") {
      if (!hit) addLabel(tool.value, place.x, place.y);
      else if (hit.kind !== tool.value) turnLabel(hit);
    } else if (tool.value === "select" && clickJudges.value) {
      const picked = findPick(place);
      if (picked >= 0) togglePick(picked);
    }
  }

  function onDown(event: PointerEvent): void {
    const point = pointOf(event);
    const place = placeOf(point);
    if (!place) return;
    element.setPointerCapture(event.pointerId);
    (element.closest("[tabindex]") as HTMLElement | null)?.focus({ preventScroll: true });
    const isMiddle = event.button === 1;
    if (isMiddle) event.preventDefault();
    if (isMiddle || spaceIsDown) gesture = { kind: "pan", last: point };
    else if (event.button === 2) {
      const hit = findLabel(place.x, place.y, grab_px());
      gesture = { kind: "click", start: point, hit, button: 2 };
    } else if (event.button !== 0) return;
    else if (isBrush()) {
      gesture = { kind: "brush", last: point, hits: new Map(), picks: new Set() };
      brush(point, gesture.hits, gesture.picks);
    } else if (tool.value === "ruler") {
      gesture = { kind: "ruler", from: place };
      ruler.value = null;
    } else {
      const grabs = tool.value === "particle" || tool.value === "negative";
      const hit = grabs ? findLabel(place.x, place.y, grab_px()) : null;
      gesture = { kind: "click", start: point, hit, button: 0 };
    }
  }

  function onMove(event: PointerEvent): void {
    const point = pointOf(event);
    pointer.value = point;
    if (!gesture) return;
    const place = placeOf(point);
    if (!place) return;
    if (gesture.kind === "click" && gesture.button === 0) {
      const { start, hit } = gesture;
      if (Math.hypot(point.x - start.x, point.y - start.y) < CLICK_PX) return;
      gesture = hit ? { kind: "move", hit } : { kind: "pan", last: start };
    }
    if (gesture.kind === "pan") {
      stage.panBy(point.x - gesture.last.x, point.y - gesture.last.y);
      gesture.last = point;
    } else if (gesture.kind === "move") {
      const { kind, x_px, y_px } = gesture.hit;
      drag.value = { kind, from: [x_px, y_px], to: [place.x, place.y] };
    } else if (gesture.kind === "brush") {
      for (const step of pathBetween(gesture.last, point, brushRadius.value / 2)) {
        brush(step, gesture.hits, gesture.picks);
      }
      gesture.last = point;
    } else if (gesture.kind === "ruler") ruler.value = { from: gesture.from, to: place };
  }

  function onUp(event: PointerEvent): void {
    const done = gesture;
    gesture = null;
    if (!done) return;
    if (done.kind === "click" && done.button === 2) {
      if (done.hit) removeLabels([done.hit]);
    } else if (done.kind === "click") click(pointOf(event), done.hit);
    else if (done.kind === "move" && drag.value) {
      moveLabel(drag.value.kind, drag.value.from, drag.value.to);
    } else if (done.kind === "brush") {
      if (tool.value === "eraser") removeLabels([...done.hits.values()]);
      else judgePicks(done.picks, tool.value === "accept");
    }
    drag.value = null;
    stroke.value = null;
  }

  function onCancel(): void {
    gesture = null;
    drag.value = null;
    stroke.value = null;
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    // A pinch on a touch pad arrives as a wheel with Ctrl, in small steps.
    const speed = event.ctrlKey ? 0.01 : 0.002;
    const steps = Math.min(Math.max(event.deltaY * unit * speed, -0.7), 0.7);
    stage.zoomBy(Math.exp(-steps), pointOf(event));
  }

  function onKey(event: KeyboardEvent): void {
    if (event.code === "Space") spaceIsDown = event.type === "keydown" && isOverViewer();
    if (event.code === "Space" && spaceIsDown) event.preventDefault();
  }
  // Whoever has come to a button with the Tab key presses it with the space bar.
  const isOverViewer = () => element.matches(":hover") && !document.activeElement?.matches("button:focus-visible");

  const forget = () => (pointer.value = null);
  const noMenu = (event: Event) => event.preventDefault();
  element.addEventListener("pointerdown", onDown);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", onUp);
  element.addEventListener("pointercancel", onCancel);
  element.addEventListener("pointerleave", forget);
  element.addEventListener("wheel", onWheel, { passive: false });
  element.addEventListener("contextmenu", noMenu);
  window.addEventListener("keydown", onKey);
  window.addEventListener("keyup", onKey);
  return () => {
    window.removeEventListener("keydown", onKey);
    window.removeEventListener("keyup", onKey);
  };
}

/** Points on the way to `to`, which is the last: a fast pointer leaves no gap in a stroke. */
export function pathBetween(from: Point, to: Point, step: number): Point[] {
  const n = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / step));
  return Array.from({ length: n }, (_, i) => {
    const part = (i + 1) / n;
    return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
  });
}

/** What Enter does while the viewer has the focus: a click in its middle. */
export function clickMiddle(middle: Point): void {
  if (!projection.value) return;
  const place = toMicrograph(projection.value, middle);
  if (tool.value === "particle" || tool.value === "negative") addLabel(tool.value, place.x, place.y);
  else if (tool.value === "select" && clickJudges.value) {
    const picked = findPick(place);
    if (picked >= 0) togglePick(picked);
  } else if (tool.value === "eraser") {
    removeLabels(findLabels(place.x, place.y, brushRadius.value / projection.value.scale));
  }
}
