import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { countOf, formatCount } from "../numbers";
import { currentPickSet, galleryIsOpen, panel } from "../store";
import type { GalleryOrder } from "../types";
import { boxesInHand, boxSelection, clickMode, GalleryGrid, judgeInHand } from "./gallery/gallery_grid";
import { boxesOnPage, offset, onlyThisMicrograph, order, page, watchGallery } from "./gallery/gallery_page";
import { noSelection } from "./gallery/range_selection";
import "./gallery/gallery.css";

/** Picks as boxes side by side, to accept and reject many at a glance. */
export function Gallery(): JSX.Element {
  useEffect(() => watchGallery(), []);
  useEffect(() => {
    boxSelection.value = noSelection;
  }, [page.value]);
  const shown = page.value;
  const close = () => (galleryIsOpen.value = false);
  // It belongs to Review: whoever goes on to another step wants the micrograph.
  useEffect(() => {
    if (panel.value !== "review") close();
  }, [panel.value]);

  return (
    <section class="gallery" aria-label="Gallery of picks" onKeyDown={(event) => event.key === "Escape" && close()}>
      <header class="gallery-head">
        <h2>Gallery</h2>
        <select
          aria-label="Order of the boxes"
          value={order.value}
          onChange={(event) => changePage(() => (order.value = event.currentTarget.value as GalleryOrder))}
        >
          <option value="lowest">lowest scores first</option>
          <option value="highest">highest scores first</option>
          <option value="nearest">nearest to threshold</option>
        </select>
        <select
          aria-label="Micrographs of the boxes"
          value={onlyThisMicrograph.value ? "this" : "all"}
          onChange={(event) => changePage(() => (onlyThisMicrograph.value = event.currentTarget.value === "this"))}
        >
          <option value="all">all micrographs</option>
          <option value="this">only this one</option>
        </select>
        <PageSteps />
        <button type="button" class="gallery-close" aria-label="Close the gallery" onClick={close}>
          Close
        </button>
      </header>
      <HandRow />
      {currentPickSet.value === null && <p class="gallery-empty">Choose picks in Review first.</p>}
      {shown !== null && shown.total === 0 && <p class="gallery-empty">No picks are kept at this threshold.</p>}
      {shown !== null && shown.total > 0 && <GalleryGrid boxes={shown.boxes} />}
    </section>
  );
}

function changePage(change: () => void): void {
  offset.value = 0;
  change();
}

function PageSteps(): JSX.Element | null {
  const shown = page.value;
  if (shown === null || shown.total === 0) return null;
  const last = Math.min(shown.total, shown.offset + shown.boxes.length);
  return (
    <span class="gallery-steps">
      <button
        type="button"
        aria-label="Boxes before"
        disabled={shown.offset === 0}
        onClick={() => (offset.value = Math.max(0, shown.offset - boxesOnPage))}
      >
        ‹
      </button>
      <span>
        {formatCount(shown.offset + 1)}–{formatCount(last)} of {formatCount(shown.total)}
      </span>
      <button
        type="button"
        aria-label="Boxes after"
        disabled={last >= shown.total}
        onClick={() => (offset.value = shown.offset + boxesOnPage)}
      >
        ›
      </button>
    </span>
  );
}

/** What a click does, and what can be done with the boxes that are selected. */
function HandRow(): JSX.Element {
  const boxes = page.value?.boxes ?? [];
  const n_selected = boxSelection.value.selected.size;
  const canJudge = boxesInHand(boxes).length > 0;
  return (
    <div class="gallery-hand">
      <span role="radiogroup" aria-label="A click" class="gallery-mode">
        A click
        {(["rejected", "accepted"] as const).map((mode) => (
          <label key={mode}>
            <input
              type="radio"
              name="gallery-click"
              checked={clickMode.value === mode}
              onChange={() => (clickMode.value = mode)}
            />
            {mode === "rejected" ? "rejects ✕" : "accepts ✓"}
          </label>
        ))}
      </span>
      <button type="button" disabled={!canJudge} onClick={() => judgeInHand(boxes, "rejected")}>
        Reject {n_selected > 0 ? countOf(n_selected, "box", "boxes") : ""} (x)
      </button>
      <button type="button" disabled={!canJudge} onClick={() => judgeInHand(boxes, "accepted")}>
        Accept {n_selected > 0 ? countOf(n_selected, "box", "boxes") : ""} (space)
      </button>
      <span class="gallery-hint">
        Draw over boxes or hold Shift to select several; double click goes to the micrograph.
      </span>
    </div>
  );
}
