// One function for each thing the server can do.

import { address, getBlob, getJson, send, sendJson } from "./http";
import type {
  Candidates, CheckOptions, Comparison, Counts, Display, Export, ExportedLabels, ExportRequest,
  Gallery, GalleryOrder, Histograms, ImportedLabels, Job, JobKind, Kind, Labels, MicrographComparison,
  MicrographInfo, Model, Operation, PickOptions, PickSet, PickSummary, Place, Project, ProjectChanges,
  Row, Selection, Suggestion, TrainOptions,
} from "./types";

export { ApiError, authHeaders, tab } from "./http";

// Project

export const getProject = () => getJson<Project>(address(["project"]));
export const changeProject = (changes: ProjectChanges) =>
  sendJson<Project>("PATCH", address(["project"]), changes);

// Micrographs

export const getMicrographs = async () =>
  (await getJson<{ micrographs: Row[] }>(address(["micrographs"]))).micrographs;
export const getMicrograph = (name: string, signal?: AbortSignal) =>
  getJson<MicrographInfo>(address(["micrographs", name]), signal);
export const tileAddress = (
  name: string, level: number, column: number, row: number, display: Display,
) => address(["micrographs", name, "tiles", level, column, row], { ...display });
export const getThumbnail = (name: string, signal?: AbortSignal) =>
  getBlob(address(["micrographs", name, "thumbnail"]), signal);

export interface SpriteRequest {
  boxes: Place[]; // at most 200
  box_px: number;
  side: number;
  columns: number;
  black: number;
  white: number;
  lowpass_px: number;
}

/** A picture of boxes: box i at column i % columns, row floor(i / columns), each side × side. */
export async function getBoxes(request: SpriteRequest, signal?: AbortSignal): Promise<Blob> {
  const options: RequestInit = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
  };
  if (signal) options.signal = signal;
  return (await send(address(["boxes"]), options)).blob();
}

// Labels

export const getLabels = (name: string, signal?: AbortSignal) =>
  getJson<Labels>(address(["micrographs", name, "labels"]), signal);
export const changeLabels = (name: string, operations: Operation[], complete?: boolean) =>
  sendJson<Labels>("POST", address(["micrographs", name, "labels"]), {
    operations,
    ...(complete === undefined ? {} : { complete }),
  });
/** Sends one file; files of the same batch lie in one folder. Gives its path in the project. */
export const uploadFile = async (file: File, batch: string) => {
  const url = address(["uploads"], { file_name: file.name, batch });
  const headers = { "Content-Type": "application/octet-stream" };
  const response = await send(url, { method: "POST", headers, body: file });
  return ((await response.json()) as { path: string }).path;
};
export const importLabels = (paths: string[], kind: Kind) =>
  sendJson<ImportedLabels>("POST", address(["labels", "import"]), { paths, kind });
export const exportLabels = (format: string) =>
  sendJson<ExportedLabels>("POST", address(["labels", "export"]), { format });

// Jobs and models

export const getJobs = async () => (await getJson<{ jobs: Job[] }>(address(["jobs"]))).jobs;
export const getJob = (id: string) => getJson<Job>(address(["jobs", id]));
export const startJob = (kind: JobKind, options: TrainOptions | PickOptions | CheckOptions) =>
  sendJson<Job>("POST", address(["jobs"]), { kind, options });
export const cancelJob = (id: string) => sendJson<Job>("POST", address(["jobs", id, "cancel"]), {});
export const getJobPicture = (id: string) => getBlob(address(["jobs", id, "picture"]));
export const getModels = async () =>
  (await getJson<{ models: Model[] }>(address(["models"]))).models;

// Picks

export const getPickSets = async () => (await getJson<{ sets: PickSet[] }>(address(["picks"]))).sets;
export const putSelection = (id: string, selection: Selection) =>
  sendJson<PickSet>("PUT", address(["picks", id, "selection"]), selection);
export const getHistograms = (id: string, signal?: AbortSignal) =>
  getJson<Histograms>(address(["picks", id, "histogram"]), signal);
export const getSummary = (id: string, selection: Selection, signal?: AbortSignal) =>
  getJson<PickSummary>(address(["picks", id, "summary"], { ...selection }), signal);
export const getCounts = (id: string, selection: Selection, signal?: AbortSignal) =>
  getJson<Counts>(address(["picks", id, "counts"], { ...selection }), signal);
export const getCandidates = (id: string, name: string, signal?: AbortSignal) =>
  getJson<Candidates>(address(["picks", id, "micrographs", name]), signal);
export interface GalleryRequest {
  order: GalleryOrder;
  offset: number;
  limit: number;
  name?: string | null; // one micrograph only
}
export const getGallery = (
  id: string, selection: Selection, request: GalleryRequest, signal?: AbortSignal,
) => getJson<Gallery>(address(["picks", id, "gallery"], { ...selection, ...request }), signal);
export const getSuggestions = async (id: string, n = 10, signal?: AbortSignal) => {
  const url = address(["picks", id, "suggestions"], { n });
  return (await getJson<{ suggestions: Suggestion[] }>(url, signal)).suggestions;
};
export const importPicks = (paths: string[], title: string) =>
  sendJson<PickSet>("POST", address(["picks", "import"]), { paths, title });

// Compare, hand over

export const getComparison = (a: string, b: string, signal?: AbortSignal) =>
  getJson<Comparison>(address(["compare"], { a, b }), signal);
export const getMicrographComparison = (name: string, a: string, b: string, signal?: AbortSignal) =>
  getJson<MicrographComparison>(address(["compare", name], { a, b }), signal);
export const startExport = (request: ExportRequest) =>
  sendJson<Export>("POST", address(["exports"]), request);
export const getExports = async () =>
  (await getJson<{ exports: Export[] }>(address(["exports"]))).exports;
export const getExportZip = (id: string) => getBlob(address(["exports", id, "zip"]));
