// A small, read-only window for users' own scripts and for tests that click particles:
//   deepemStudio.toScreen(x_px, y_px)  where a place of the micrograph is in the browser's window
//   deepemStudio.state()               what is shown, as plain values

import { CONFIRMED_BY_LABEL } from "../picks/corrected";
import { currentName, currentPicksId, drawnPicks, info, labels, selection, tool, unsent } from "../store";
import { toScreen, type Point } from "./projection";
import { pickStates, projection } from "./scene";

export interface StudioState {
  micrograph: string | null;
  width_px: number | null;
  height_px: number | null;
  screen_px_per_px: number | null;
  tool: string;
  n_particles: number;
  n_negatives: number;
  picks: string | null;
  threshold: number;
  n_drawn: number; // candidates at or above the threshold
  n_kept: number; // of these, kept and not rejected by a label
  n_unsent: number;
}

function state(): StudioState {
  const states = pickStates.value;
  return {
    micrograph: currentName.value,
    width_px: info.value?.width_px ?? null,
    height_px: info.value?.height_px ?? null,
    screen_px_per_px: projection.value?.scale ?? null,
    tool: tool.value,
    n_particles: labels.value?.particles.length ?? 0,
    n_negatives: labels.value?.negatives.length ?? 0,
    picks: currentPicksId.value,
    threshold: selection.value.threshold,
    n_drawn: drawnPicks.value?.n ?? 0,
    n_kept: states ? states.filter((value) => value === 0 || value === CONFIRMED_BY_LABEL).length : 0,
    n_unsent: unsent.value,
  };
}

/** `view` is the element that the micrograph fills. */
export function offerToScripts(view: HTMLElement): void {
  const place = (x_px: number, y_px: number): Point | null => {
    if (!projection.value) return null;
    const frame = view.getBoundingClientRect();
    const point = toScreen(projection.value, x_px, y_px);
    return { x: frame.left + point.x, y: frame.top + point.y };
  };
  const access = Object.freeze({ toScreen: place, state });
  Object.defineProperty(window, "deepemStudio", { value: access, configurable: true });
}
