// Where the viewer looks, for buttons and keys.

import { signal } from "@preact/signals";

import type { Stage } from "./stage";

/** The stage while the viewer is on the page. */
export const stage = signal<Stage | null>(null);

export const fit = () => stage.value?.fit();
export const oneToOne = () => stage.value?.zoomTo(1 / (window.devicePixelRatio || 1));
export const zoomIn = () => stage.value?.zoomBy(1.5);
export const zoomOut = () => stage.value?.zoomBy(1 / 1.5);
export const panBy = (x: number, y: number) => stage.value?.panBy(x, y, false);
