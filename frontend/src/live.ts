// Keeps what is shown up to date: with the server's events, with the micrograph, with the sliders.

import { effect } from "@preact/signals";

import { loadJobs, loadModels, loadPickSets, loadProject, loadRows, takeJob } from "./actions";
import * as api from "./api";
import { watchEvents } from "./events";
import { reloadLabels, retryNow } from "./labels/session";
import {
  candidates, connectionProblem, counts, currentName, currentPicksId, currentPickSet, isConnected,
  jobs, selection,
} from "./store";
import { sayProblem } from "./toasts";
import type { Selection, StudioEvent } from "./types";

const COUNTS_MS = 120;

function loadEverything(): void {
  for (const load of [loadProject, loadRows, loadPickSets, loadJobs, loadModels]) {
    load().catch(sayProblem);
  }
}


function onEvent(event: StudioEvent): void {
  switch (event.type) {
    case "labels":
      if (event.tab === api.tab) return;
      reloadLabels(event.name);
      loadRowsSoon();
      return;
    case "job": {
      const before = jobs.value.find((job) => job.id === event.job.id);
      takeJob(event.job);
      if (event.job.state !== before?.state) loadModels().catch(sayProblem);
      return;
    }
    case "project":
      loadProject().catch(sayProblem);
      return;
    case "micrographs":
      loadRowsSoon();
      return;
    case "picks":
      loadPickSets().catch(sayProblem);
      if (event.id === currentPicksId.value) loadPicksSoon();
      return;
  }
}

let rowsTimer: ReturnType<typeof setTimeout> | undefined;
function loadRowsSoon(): void {
  clearTimeout(rowsTimer);
  rowsTimer = setTimeout(() => loadRows().catch(sayProblem), 300);
}

let picksTimer: ReturnType<typeof setTimeout> | undefined;
function loadPicksSoon(): void {
  clearTimeout(picksTimer);
  picksTimer = setTimeout(() => {
    loadCandidates(currentPicksId.value, currentName.value);
    loadCounts(currentPicksId.value, selection.value);
  }, 300);
}

let readingCandidates = new AbortController();
function loadCandidates(id: string | null, name: string | null): void {
  readingCandidates.abort();
  if (id === null || name === null) {
    candidates.value = null;
    return;
  }
  readingCandidates = new AbortController();
  const { signal } = readingCandidates;
  api.getCandidates(id, name, signal).then(
    (found) => (candidates.value = found),
    (problem: unknown) => {
      if (signal.aborted) return;
      candidates.value = null;
      // A micrograph that was not picked (yet) is no problem.
      if (!(problem instanceof api.ApiError && problem.status === 404)) sayProblem(problem);
    },
  );
}

let readingCounts = new AbortController();
let countsTimer: ReturnType<typeof setTimeout> | undefined;
function loadCounts(id: string | null, wanted: Selection): void {
  clearTimeout(countsTimer);
  if (id === null) {
    counts.value = null;
    return;
  }
  countsTimer = setTimeout(() => {
    readingCounts.abort();
    readingCounts = new AbortController();
    api.getCounts(id, wanted, readingCounts.signal).then(
      (found) => (counts.value = found),
      sayProblem,
    );
  }, COUNTS_MS);
}

/** Reads everything once, and keeps it up to date from then on. */
export function start(): void {
  let shownSet: string | null = null;
  effect(() => {
    const set = currentPickSet.value;
    if ((set?.id ?? null) === shownSet) return;
    shownSet = set?.id ?? null;
    if (set) selection.value = set.selection;
  });
  effect(() => loadCandidates(currentPicksId.value, currentName.value));
  effect(() => loadCounts(currentPicksId.value, selection.value));
  void watchEvents(
    onEvent,
    () => {
      isConnected.value = true;
      connectionProblem.value = null;
      retryNow();
      if (currentName.value !== null) reloadLabels(currentName.value);
      loadEverything();
    },
    (problem) => {
      isConnected.value = false;
      connectionProblem.value = problem instanceof Error ? problem.message : null;
    },
  );
}
