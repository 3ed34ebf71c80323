// What the server sends and takes: the same names, and units in the names, as in Python.
// Coordinates are unbinned pixels of the micrograph; row 0 is the first row of the file.

export interface Project {
  name: string;
  folder: string;
  version: string;
  diameter_px: number | null;
  diameter_angstrom: number | null;
  pixel_size_angstrom: number | null;
  current_picks: string | null;
  n_micrographs: number;
  formats: Format[];
}

export interface Format {
  name: string;
  suffix: string;
  description: string;
}

export interface ProjectChanges {
  diameter_px?: number | null;
  diameter_angstrom?: number | null;
  pixel_size_angstrom?: number | null;
  current_picks?: string | null;
}

export type StudioEvent =
  | { type: "labels"; name: string; revision: string; tab: string | null }
  | { type: "job"; job: Job }
  | { type: "project" }
  | { type: "micrographs" }
  | { type: "picks"; id: string };

// Micrographs

export interface Row {
  name: string;
  path: string;
  n_particles: number;
  n_negatives: number;
  complete: boolean;
  problem: string | null;
}

export interface MicrographInfo {
  name: string;
  path: string;
  width_px: number;
  height_px: number;
  pixel_size_angstrom: number | null;
  tile_size: number;
  n_levels: number;
}

/** How a micrograph is shown. Nothing that is measured depends on it. */
export interface Display {
  black: number; // percentile
  white: number; // percentile
  lowpass_px: number; // width of a Gaussian blur in unbinned pixels, 0 for none
  denoise: boolean;
}

export interface Place {
  name: string;
  x_px: number;
  y_px: number;
}

// Labels

export type Kind = "particle" | "negative";

export interface Labels {
  name: string;
  revision: string;
  complete: boolean;
  particles: [number, number][];
  negatives: [number, number][];
}

export interface Operation {
  op: "add" | "remove";
  kind: Kind;
  x_px: number;
  y_px: number;
}

export interface ImportedLabels {
  n_micrographs: number;
  n_labels: number;
  problems: string[];
}

export interface ExportedLabels {
  folder: string;
  files: string[];
  n_labels: number;
}

// Jobs

export type JobKind = "train" | "pick" | "check";
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface CurvePoint {
  stage: string;
  step: number;
  n_steps: number;
  loss: number;
  accuracy: number | null;
  valid_accuracy: number | null;
}

export interface Job {
  id: string;
  kind: JobKind;
  state: JobState;
  title: string;
  created: string;
  started: string | null;
  ended: string | null;
  stage: string;
  fraction: number | null;
  curve: CurvePoint[];
  options: Record<string, unknown>;
  result: Record<string, unknown>;
  problem: string | null;
  log: string[];
}

export interface TrainOptions {
  start: string | null;
  labels: "auto" | "all" | "some";
  network: "residual" | "deepem8";
  look_at: string[];
  seed: number;
}

export interface PickOptions {
  model: string;
  micrographs: string[] | null;
  workers: number | null;
}

export interface CheckOptions {
  picks: string;
}

export interface Validation {
  precision: number;
  recall: number;
  f1: number;
  f2: number;
  average_precision: number;
}

/** Each entry appears as soon as it is known. */
export interface TrainResult {
  model?: string;
  first_picks?: string;
  picks?: string;
  threshold?: number;
  validation?: Validation | null;
  n_labels?: number;
  seconds_to_first_picks?: number;
  seconds?: number;
}

export interface PickResult {
  picks?: string;
  n_done?: number;
  n_failed?: number;
  failures?: Record<string, string>;
}

export interface CheckResult {
  verdict?: string;
  summary?: string;
  fits?: boolean;
  /** Options of `deepem convert` that mend the coordinates. */
  mend?: string;
  options?: { flags: string; describes: string; score: number }[];
  picture?: boolean;
}

export interface Model {
  id: string;
  title: string;
  created: string;
  network: string;
  n_labels: number | null;
  threshold: number | null;
  validation: Validation | null;
  std_range: [number, number] | null;
  is_quick: boolean;
}

// Picks

export interface Selection {
  threshold: number;
  std_low: number | null;
  std_high: number | null;
}

export interface PickSet {
  id: string;
  title: string;
  kind: "model" | "imported";
  model: string | null;
  n_micrographs: number;
  is_calibrated: boolean;
  score_min: number | null;
  score_max: number | null;
  default: Selection;
  selection: Selection;
  created: string;
}

export interface Histogram {
  edges: number[];
  counts: number[];
}

export interface Histograms {
  score: Histogram;
  std: Histogram;
}

/** Standard errors; null where there is nothing to expect anything of. */
export interface Expected {
  precision: number | null;
  precision_error: number | null;
  recall: number | null;
  recall_error: number | null;
}

export interface PickSummary {
  n_candidates: number;
  n_kept: number;
  rejected: Record<string, number>;
  n_micrographs: number;
  expected: Expected | null;
}

export interface Counts {
  names: string[];
  n: number[];
  mean_score: (number | null)[];
}

/** All candidates of one micrograph, best first. `fails`: 0 nothing, 1 junk, 2 edge. */
export interface Candidates {
  x_px: number[];
  y_px: number[];
  score: number[];
  std: (number | null)[];
  fails: (0 | 1 | 2)[];
  box_size_px: number;
  diameter_px: number;
}

export type GalleryOrder = "lowest" | "highest" | "nearest";

export interface Gallery {
  total: number;
  boxes: (Place & { score: number; std: number | null })[];
}

export interface Region {
  x_px: number;
  y_px: number;
  width_px: number;
  height_px: number;
}

export interface Suggestion {
  name: string;
  score: number;
  reasons: string[];
  regions: Region[];
}

// Compare, hand over

export interface Comparison {
  n_a: number;
  n_b: number;
  n_both: number;
  jaccard: number | null;
  f1: number | null;
  median_distance_px: number | null;
  per_micrograph: { name: string; n_a: number; n_b: number; n_both: number }[];
  /** Why a micrograph was left out, by name. */
  problems: Record<string, string>;
}

export interface ComparedPicks {
  x_px: number[];
  y_px: number[];
  matched: boolean[];
}

export interface MicrographComparison {
  a: ComparedPicks;
  b: ComparedPicks;
}

export interface Export {
  id: string;
  picks: string;
  created: string;
  formats: string[];
  folder: string;
  files: string[];
  n_micrographs: number;
  n_particles: number;
  next_steps: string[];
}

export interface ExportRequest {
  picks: string;
  formats: string[];
  micrographs: string[] | null;
  project_root?: string;
  /** RELION's list, or cryoSPARC's exposures: names and uids are taken from it. */
  micrograph_list?: string;
}
