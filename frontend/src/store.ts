// What the page knows, as signals. Who changes it: actions.ts, labels/session.ts and the panels.

import { computed, signal } from "@preact/signals";

import { judge, type DrawnPicks } from "./picks/judge";
import { kept } from "./settings";
import type {
  Candidates, Counts, Display, Job, Labels, MicrographComparison, MicrographInfo, Model, PickSet,
  Project, Region, Row, Selection,
} from "./types";

// The project and its micrographs

export const project = signal<Project | null>(null);
export const rows = signal<Row[]>([]);
export const rowsByName = computed(() => new Map(rows.value.map((row) => [row.name, row])));
export const rowsLoaded = signal(false);

/** The micrograph shown. Change it with `openMicrograph` of actions.ts. */
export const currentName = signal<string | null>(null);
export const currentRow = computed(() => rowsByName.value.get(currentName.value ?? "") ?? null);
/** Null while it is read, or when it cannot be (then `infoProblem` says why). */
export const info = signal<MicrographInfo | null>(null);
export const infoProblem = signal<string | null>(null);
/** Labels of the micrograph shown, with what is still on its way to the server. */
export const labels = signal<Labels | null>(null);

export const pixelSize_angstrom = computed(
  () => info.value?.pixel_size_angstrom ?? project.value?.pixel_size_angstrom ?? null,
);
/** Of the micrograph shown: the same particle has more pixels where a pixel is smaller. */
export const diameter_px = computed(() => {
  const known = project.value;
  const size = pixelSize_angstrom.value;
  if (!known) return null;
  if (known.diameter_angstrom !== null && size !== null) return known.diameter_angstrom / size;
  return known.diameter_px;
});

// Picks

export const pickSets = signal<PickSet[]>([]);
/** The pick set shown and corrected. Change it with `openPickSet` of actions.ts. */
export const currentPicksId = computed(() => {
  const wanted = project.value?.current_picks ?? null;
  return pickSets.value.some((set) => set.id === wanted) ? wanted : null;
});
export const currentPickSet = computed(
  () => pickSets.value.find((set) => set.id === currentPicksId.value) ?? null,
);
/** Where the sliders stand. Change it with `changeSelection` of actions.ts. */
export const selection = signal<Selection>({ threshold: 0.5, std_low: null, std_high: null });
/** All candidates of the micrograph shown; null without picks of it. */
export const candidates = signal<Candidates | null>(null);
/** The candidates at or above the threshold, each with the reason why it is left out, if it is. */
export const drawnPicks = computed<DrawnPicks | null>(() =>
  candidates.value ? judge(candidates.value, selection.value) : null,
);
/** Picks per micrograph at the sliders' values, by name; null without a pick set. */
export const counts = signal<Counts | null>(null);
export const countsByName = computed(() => {
  const found = new Map<string, { n: number; mean_score: number | null }>();
  const known = counts.value;
  known?.names.forEach((name, i) =>
    found.set(name, { n: known.n[i] ?? 0, mean_score: known.mean_score[i] ?? null }),
  );
  return found;
});

// Jobs and models

/** Newest first. */
export const jobs = signal<Job[]>([]);
export const runningJobs = computed(() =>
  jobs.value.filter((job) => job.state === "running" || job.state === "queued"),
);
export const models = signal<Model[]>([]);

// The viewer

export interface View extends Display {
  invert: boolean;
}
export const STANDARD_VIEW: View = {
  black: 0.5, white: 99.5, lowpass_px: 0, denoise: false, invert: false,
};
export const view = kept<View>("view", STANDARD_VIEW);

export interface Layers {
  labels: boolean;
  picks: boolean;
  rejected: boolean;
  /** Candidates below the threshold. */
  below: boolean;
}
export const layers = kept<Layers>("layers", { labels: true, picks: true, rejected: true, below: false });
/** Set by the Compare panel while it is open: drawn in place of the picks. */
export const comparison = signal<MicrographComparison | null>(null);
/** Parts of the micrograph shown that deserve a look (from suggestions). */
export const regions = signal<Region[]>([]);
/** A place that the viewer goes to and marks for a moment; set by `goTo` of actions.ts. */
export const focus = signal<{ name: string; x_px: number; y_px: number } | null>(null);

export type Tool = "select" | "particle" | "negative" | "eraser" | "accept" | "reject" | "ruler";
export const tool = signal<Tool>("select");
/** Radius of the eraser and of the accept and reject brushes, in screen pixels. */
export const brushRadius = kept("brush-radius", 24);

// The page

export type Panel = "label" | "train" | "review" | "compare" | "handover";
export const panel = kept<Panel>("panel", "label");
export const helpIsOpen = signal(false);
/** The gallery of boxes takes the place of the viewer while it is open. */
export const galleryIsOpen = signal(false);

export interface Toast {
  id: number;
  kind: "info" | "error";
  text: string;
}
export const toasts = signal<Toast[]>([]);
/** False while the server cannot be reached; `connectionProblem` holds what it says. */
export const isConnected = signal(true);
export const connectionProblem = signal<string | null>(null);
/** Label changes that the server has not confirmed yet, and why the last try failed. */
export const unsent = signal(0);
export const unsentProblem = signal<string | null>(null);
