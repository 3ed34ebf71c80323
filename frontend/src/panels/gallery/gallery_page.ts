// One page of the gallery: which boxes, their pictures, and what labels say of them.

import { batch, effect, signal } from "@preact/signals";

import { getBoxes, getGallery } from "../../api";
import { changeOf, labelsShown, loadLabels, shownLabels } from "../../labels/session";
import { LatestAnswer } from "../../latest_answer";
import { kept } from "../../settings";
import { candidates, currentName, currentPicksId, diameter_px, rowsByName, selection, view } from "../../store";
import { sayProblem } from "../../toasts";
import type { Gallery, GalleryOrder, Operation, Selection } from "../../types";
import { operationsTo, stateOf, type BoxState } from "./box_state";

export const boxesOnPage = 100;
export const side_px = 96;
export const spriteColumns = 10;
const diametersInBox = 1.6;

export type Box = Gallery["boxes"][number];
export interface Page {
  total: number;
  offset: number;
  boxes: Box[];
}

export const order = kept<GalleryOrder>("gallery-order", "lowest");
export const onlyThisMicrograph = kept("gallery-only-this", false);
export const offset = signal(0);
export const page = signal<Page | null>(null);
/** Address of the picture that holds all boxes of the page. */
export const sprite = signal<string | null>(null);

interface Wanted {
  id: string;
  selection: Selection;
  order: GalleryOrder;
  offset: number;
  name: string | null;
}

function showSprite(blob: Blob | null): void {
  if (sprite.value !== null) URL.revokeObjectURL(sprite.value);
  sprite.value = blob === null ? null : URL.createObjectURL(blob);
}

/** Half a diameter: as far from a pick as a label may be to speak of it. */
export function radius_px(): number {
  return (candidates.value?.diameter_px ?? diameter_px.value ?? 0) / 2;
}

/** Keeps the page up to date until the returned function is called. */
export function watchGallery(): () => void {
  const pictures = new LatestAnswer<Box[], Blob>({
    ask: (boxes, abort) => {
      const { black, white, lowpass_px } = view.peek();
      const places = boxes.map(({ name, x_px, y_px }) => ({ name, x_px, y_px }));
      const box_px = Math.max(16, Math.round(2 * radius_px() * diametersInBox));
      const look = { box_px, side: side_px, columns: spriteColumns, black, white, lowpass_px };
      return getBoxes({ boxes: places, ...look }, abort);
    },
    show: showSprite,
    fail: sayProblem,
  });
  const pages = new LatestAnswer<Wanted, Gallery>({
    ask: ({ id, selection, ...request }, abort) =>
      getGallery(id, selection, { ...request, limit: boxesOnPage }, abort),
    show: ({ total, boxes }, wanted) => {
      batch(() => {
        page.value = { total, offset: wanted.offset, boxes };
        showSprite(null);
      });
      readLabels(boxes);
      if (boxes.length > 0) void pictures.requestNow(boxes);
      else if (wanted.offset > 0) offset.value = 0;
    },
    fail: sayProblem,
    wait_ms: 120,
  });
  const stopPages = effect(() => {
    const id = currentPicksId.value;
    const name = onlyThisMicrograph.value ? currentName.value : null;
    const wanted = { selection: selection.value, order: order.value, offset: offset.value, name };
    if (id === null) pages.forget();
    else pages.request({ id, ...wanted });
  });
  const stopPictures = effect(() => {
    const { black, white, lowpass_px } = view.value;
    if (black + white + lowpass_px < 0) return; // read here, so that the pictures follow the view
    const boxes = page.peek()?.boxes ?? [];
    if (boxes.length > 0) pictures.request(boxes);
  });
  return () => {
    stopPages();
    stopPictures();
    pages.forget();
    pictures.forget();
    batch(() => {
      page.value = null;
      showSprite(null);
    });
  };
}

/** Reads labels of the page's micrographs that have any. */
function readLabels(boxes: readonly Box[]): void {
  for (const name of new Set(boxes.map((box) => box.name))) {
    const row = rowsByName.peek().get(name);
    if (row && row.n_particles + row.n_negatives === 0) continue;
    if (shownLabels(name) === null) loadLabels(name).catch(sayProblem);
  }
}

/** What labels say of a box; a component that calls this is drawn again when they change. */
export function boxState(box: Box): BoxState {
  void labelsShown.value;
  return stateOf(box.x_px, box.y_px, shownLabels(box.name), radius_px());
}

/** Gives boxes a state, micrograph by micrograph: each is one step of undo. */
export async function setState(boxes: readonly Box[], wanted: BoxState): Promise<void> {
  const byName = new Map<string, Box[]>();
  for (const box of boxes) byName.set(box.name, [...(byName.get(box.name) ?? []), box]);
  for (const [name, ofName] of byName) {
    if (shownLabels(name) === null) await loadLabels(name);
    const labels = shownLabels(name);
    if (labels === null) continue;
    const operations: Operation[] = ofName.flatMap(({ x_px, y_px }) =>
      operationsTo(wanted, x_px, y_px, labels, radius_px()),
    );
    await changeOf(name, { operations });
  }
}
