import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { goTo } from "../../actions";
import { galleryIsOpen, view } from "../../store";
import { sayProblem } from "../../toasts";
import { toggled, toggledTogether, type BoxState } from "./box_state";
import { boxState, setState, sprite, spriteColumns, type Box } from "./gallery_page";
import {
  extendTo, noSelection, rectangleBetween, selectOne, selectTouched, stepFrom, toggleOne,
  type BoxSelection, type Rectangle, type Step,
} from "./range_selection";

/** What a plain click does. */
export const clickMode = signal<Exclude<BoxState, "none">>("rejected");
export const boxSelection = signal<BoxSelection>(noSelection);

const leastDrag_px = 6;
const arrows: Record<string, Step> = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", Home: "first", End: "last",
};
const stateWords: Record<BoxState, string> = { none: "", accepted: ", accepted", rejected: ", rejected" };

/** Boxes that the keys act on: the selected ones, else the one with the focus. */
export function boxesInHand(boxes: readonly Box[]): Box[] {
  const { selected, focus } = boxSelection.value;
  const indices = selected.size > 0 ? [...selected].sort((a, b) => a - b) : [focus];
  return indices.flatMap((index) => boxes[index] ?? []);
}

/** Gives the boxes in hand a state, or takes it from them if all have it. */
export function judgeInHand(boxes: readonly Box[], mode: Exclude<BoxState, "none">): void {
  const inHand = boxesInHand(boxes);
  if (inHand.length === 0) return;
  setState(inHand, toggledTogether(inHand.map(boxState), mode)).catch(sayProblem);
}

/** Goes to a box on its micrograph. */
function visit(box: Box): void {
  galleryIsOpen.value = false;
  goTo(box.name, box.x_px, box.y_px);
}

export function GalleryGrid({ boxes }: { boxes: Box[] }): JSX.Element {
  const grid = useRef<HTMLDivElement>(null);
  const drawn = useSignal<Rectangle | null>(null);
  const start = useRef<{ x: number; y: number } | null>(null);
  /** The state before a double click began, to be given back. */
  const before = useRef<BoxState>("none");
  const { selected, focus } = boxSelection.value;
  useEffect(() => grid.current?.focus({ preventScroll: true }), []);

  function pointIn(event: PointerEvent): { x: number; y: number } {
    const frame = grid.current!.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top + grid.current!.scrollTop };
  }

  function onPointerDown(event: PointerEvent): void {
    if (event.button === 0) start.current = pointIn(event);
  }

  function onPointerMove(event: PointerEvent): void {
    if (start.current === null) return;
    const { x, y } = pointIn(event);
    const rectangle = rectangleBetween(start.current.x, start.current.y, x, y);
    const size = Math.max(rectangle.right - rectangle.left, rectangle.bottom - rectangle.top);
    if (drawn.value === null && size < leastDrag_px) return;
    // Only now, so that plain clicks reach the boxes.
    if (drawn.value === null) grid.current!.setPointerCapture(event.pointerId);
    drawn.value = rectangle;
    const places = [...grid.current!.querySelectorAll<HTMLElement>("[role=option]")].map((box) =>
      rectangleBetween(
        box.offsetLeft, box.offsetTop, box.offsetLeft + box.offsetWidth, box.offsetTop + box.offsetHeight,
      ),
    );
    boxSelection.value = selectTouched(places, rectangle);
  }

  function onPointerUp(): void {
    start.current = null;
    drawn.value = null;
  }

  function onClick(event: MouseEvent, index: number): void {
    const box = boxes[index];
    if (box === undefined) return;
    if (event.shiftKey) boxSelection.value = extendTo(boxSelection.value, index);
    else if (event.ctrlKey || event.metaKey) boxSelection.value = toggleOne(boxSelection.value, index);
    else if (event.detail >= 2) {
      setState([box], before.current).catch(sayProblem);
      visit(box);
    } else {
      before.current = boxState(box);
      boxSelection.value = { ...selectOne(index), selected: new Set() };
      setState([box], toggled(before.current, clickMode.value)).catch(sayProblem);
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key !== "a") return;
      boxSelection.value = { focus: 0, anchor: 0, selected: new Set(boxes.keys()) };
    } else if (arrows[event.key] !== undefined) {
      const nColumns = getComputedStyle(grid.current!).gridTemplateColumns.split(" ").length;
      const next = stepFrom(focus, arrows[event.key]!, nColumns, boxes.length);
      if (next < 0) return;
      boxSelection.value = event.shiftKey
        ? extendTo(boxSelection.value, next)
        : { ...selectOne(next), selected: new Set() };
      grid.current!.querySelectorAll("[role=option]")[next]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "x") judgeInHand(boxes, "rejected");
    else if (event.key === " ") judgeInHand(boxes, "accepted");
    else if (event.key === "Enter" && boxes[focus] !== undefined) visit(boxes[focus]);
    else if (event.key === "Escape" && selected.size > 0) boxSelection.value = noSelection;
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div
      ref={grid}
      class="gallery-grid"
      role="listbox"
      aria-label="Boxes of picks"
      aria-multiselectable="true"
      aria-activedescendant={focus >= 0 ? `gallery-box-${focus}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerUp}
    >
      {boxes.map((box, index) => {
        const state = boxState(box);
        return (
          <div
            key={`${box.name} ${box.x_px} ${box.y_px}`}
            id={`gallery-box-${index}`}
            role="option"
            aria-selected={selected.has(index)}
            aria-label={`${box.name}, score ${box.score.toFixed(2)}${stateWords[state]}`}
            title={`${box.name}: score ${box.score.toFixed(3)}`}
            class={`gallery-box is-${state}${index === focus ? " has-focus" : ""}`}
            onClick={(event) => onClick(event, index)}
          >
            <div
              class={view.value.invert ? "gallery-picture is-inverted" : "gallery-picture"}
              style={pictureStyle(index, boxes.length, sprite.value)}
            />
            {state !== "none" && (
              <span class="gallery-sign" aria-hidden="true">
                {state === "rejected" ? "✕" : "✓"}
              </span>
            )}
            <span class="gallery-score" aria-hidden="true">
              {box.score.toFixed(2)}
            </span>
          </div>
        );
      })}
      {drawn.value !== null && (
        <div
          class="gallery-rectangle"
          style={{
            left: `${drawn.value.left}px`,
            top: `${drawn.value.top}px`,
            width: `${drawn.value.right - drawn.value.left}px`,
            height: `${drawn.value.bottom - drawn.value.top}px`,
          }}
        />
      )}
    </div>
  );
}

/** The part of the common picture that shows this box, at whatever size the box has. */
function pictureStyle(index: number, n_boxes: number, address: string | null): Record<string, string> {
  if (address === null) return {};
  const n_rows = Math.ceil(n_boxes / spriteColumns);
  const [column, row] = [index % spriteColumns, Math.floor(index / spriteColumns)];
  const percent = (place: number, n: number) => `${n > 1 ? (100 * place) / (n - 1) : 0}%`;
  return {
    backgroundImage: `url("${address}")`,
    backgroundSize: `${100 * spriteColumns}% ${100 * n_rows}%`,
    backgroundPosition: `${percent(column, spriteColumns)} ${percent(row, n_rows)}`,
  };
}
