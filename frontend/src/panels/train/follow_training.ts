// While a network learns, the micrograph shows the newest picks it has made.

import { effect } from "@preact/signals";

import { loadPickSets, openPickSet } from "../../actions";
import { currentPicksId, jobs } from "../../store";
import { sayProblem } from "../../toasts";
import type { Job, TrainResult } from "../../types";
import { nextPicks } from "./next_picks";

/** Switches to the first picks of a training when they arrive, and to the final ones after them. */
export function followTraining(): () => void {
  const seen = new Map<string, TrainResult>();
  let isFirstLook = true;

  return effect(() => {
    const trainings = jobs.value.filter((job) => job.kind === "train");
    if (trainings.length === 0) return;
    const shown = currentPicksId.peek();
    for (const job of [...trainings].reverse()) {
      const after: TrainResult = job.result;
      const before = seen.get(job.id) ?? (isFirstLook ? missedSince(job, shown) : {});
      seen.set(job.id, after);
      const next = nextPicks(before, after, shown);
      if (next !== null) show(next);
    }
    isFirstLook = false;
  });
}

/** What a page that was closed had seen of a training: the picks it still shows. */
function missedSince(job: Job, shown: string | null): TrainResult {
  const result: TrainResult = job.result;
  const isShown = shown !== null && shown === result.first_picks;
  return isShown ? { first_picks: result.first_picks! } : result;
}

function show(id: string): void {
  loadPickSets()
    .then(() => openPickSet(id))
    .catch(sayProblem);
}
