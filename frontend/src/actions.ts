// What the page does: read things from the server, open a micrograph, open a pick set, start jobs.

import { batch } from "@preact/signals";

import * as api from "./api";
import { InOrder } from "./in_order";
import { loadLabels, whenSaved } from "./labels/session";
import {
  candidates, currentName, currentPicksId, focus, info, infoProblem, jobs, labels, models, pickSets,
  project, regions, rows, rowsByName, rowsLoaded, selection,
} from "./store";
import { sayProblem } from "./toasts";
import type { Job, Project, ProjectChanges, Selection } from "./types";

const SAVE_SELECTION_MS = 400;

const projectRequests = new InOrder<Project>((known) => (project.value = known));

export function loadProject(): Promise<void> {
  return projectRequests.ask(api.getProject);
}

/** Changes are sent one after the other: the diameter that is set last is the one that stays. */
export function changeProject(changes: ProjectChanges): Promise<void> {
  return projectRequests.ask(() => api.changeProject(changes));
}

export async function loadRows(): Promise<void> {
  const found = await api.getMicrographs();
  batch(() => {
    rows.value = found;
    rowsLoaded.value = true;
  });
  if (currentName.value === null || !rowsByName.value.has(currentName.value)) {
    const first = found.find((row) => row.problem === null) ?? found[0];
    if (first) openMicrograph(first.name);
  }
}

export async function loadJobs(): Promise<void> {
  jobs.value = await api.getJobs();
}

export async function loadModels(): Promise<void> {
  models.value = await api.getModels();
}

export async function loadPickSets(): Promise<void> {
  pickSets.value = await api.getPickSets();
}

let opening = new AbortController();

/** Shows a micrograph with its labels and picks. */
export function openMicrograph(name: string): void {
  if (currentName.value === name && info.value) return;
  opening.abort();
  opening = new AbortController();
  const { signal } = opening;
  batch(() => {
    currentName.value = name;
    info.value = null;
    infoProblem.value = null;
    labels.value = null;
    candidates.value = null;
    regions.value = [];
  });
  api.getMicrograph(name, signal).then(
    (found) => (info.value = found),
    (problem: unknown) => {
      if (!signal.aborted) infoProblem.value = (problem as Error).message;
    },
  );
  loadLabels(name, signal).catch(sayProblem);
}

/** Shows a place: opens its micrograph, goes there and marks it for a moment. */
export function goTo(name: string, x_px: number, y_px: number): void {
  openMicrograph(name);
  focus.value = { name, x_px, y_px };
}

/** Shows another pick set, here and at the next start; null for none. */
export async function openPickSet(id: string | null): Promise<void> {
  await changeProject({ current_picks: id });
}

let saveTimer: ReturnType<typeof setTimeout> | undefined;

/** Moves the sliders: drawn at once, saved when they rest. */
export function changeSelection(changes: Partial<Selection>): void {
  const id = currentPicksId.value;
  const wanted = { ...selection.value, ...changes };
  selection.value = wanted;
  clearTimeout(saveTimer);
  if (id === null) return;
  saveTimer = setTimeout(() => {
    api.putSelection(id, wanted).then(
      (saved) => (pickSets.value = pickSets.value.map((set) => (set.id === id ? saved : set))),
      sayProblem,
    );
  }, SAVE_SELECTION_MS);
}

/** Puts what the server says of a job in its place. */
export function takeJob(job: Job): void {
  const others = jobs.value.filter((other) => other.id !== job.id);
  const isNew = others.length === jobs.value.length;
  jobs.value = isNew
    ? [job, ...others]
    : jobs.value.map((other) => (other.id === job.id ? job : other));
}

/** Asks for a job; it appears in `jobs` at once. */
export async function startJob(...request: Parameters<typeof api.startJob>): Promise<Job> {
  await whenSaved();
  const job = await api.startJob(...request);
  takeJob(job);
  return job;
}

export async function cancelJob(id: string): Promise<void> {
  takeJob(await api.cancelJob(id));
}
