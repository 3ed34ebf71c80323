// Keys that work wherever the focus is, except where something is typed.

import { openMicrograph } from "../actions";
import { neighbour } from "../list/order";
import { redo, undo } from "../labels/session";
import { brushRadius, currentName, galleryIsOpen, helpIsOpen, tool } from "../store";
import { fit, oneToOne, panBy, zoomIn, zoomOut } from "./looking";
import { marksAreShown, openMenu, ruler } from "./scene";
import { clampBrush, TOOLS } from "./tools";

const PAN_PX = 120;

/** Undoes, and shows the micrograph where that happened. */
export function undoAndShow(): void {
  const name = undo();
  if (name !== null && name !== currentName.value) openMicrograph(name);
}

export function redoAndShow(): void {
  const name = redo();
  if (name !== null && name !== currentName.value) openMicrograph(name);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.matches("textarea, select, [contenteditable]") ||
      (target instanceof HTMLInputElement && !["checkbox", "button"].includes(target.type)))
  );
}

const KEYS: Record<string, () => void> = {
  f: fit,
  "1": oneToOne,
  "+": zoomIn,
  "=": zoomIn,
  "-": zoomOut,
  "[": () => (brushRadius.value = clampBrush(brushRadius.value / 1.25)),
  "]": () => (brushRadius.value = clampBrush(brushRadius.value * 1.25)),
  h: () => (marksAreShown.value = !marksAreShown.value),
  "?": () => (helpIsOpen.value = true),
  Escape: () => {
    if (openMenu.value !== null) openMenu.value = null;
    else if (ruler.value) ruler.value = null;
    else tool.value = "select";
  },
};
for (const entry of TOOLS) KEYS[entry.key] = () => (tool.value = entry.tool);

function step(offset: 1 | -1): void {
  const name = neighbour(currentName.value, offset);
  if (name !== null) openMicrograph(name);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || isTyping(event.target)) return;
  if (event.ctrlKey || event.metaKey) {
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redoAndShow();
    else undoAndShow();
    return;
  }
  if (event.altKey || helpIsOpen.value) return;
  const arrow = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [1, 0], ArrowRight: [-1, 0] }[event.key];
  if (arrow && event.shiftKey) panBy(arrow[0]! * PAN_PX, arrow[1]! * PAN_PX);
  else if (event.key === "ArrowDown" && !galleryIsOpen.value) step(1);
  else if (event.key === "ArrowUp" && !galleryIsOpen.value) step(-1);
  else {
    const action = KEYS[event.key];
    if (!action) return;
    action();
  }
  event.preventDefault();
}

export function attachKeyboard(): () => void {
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}
