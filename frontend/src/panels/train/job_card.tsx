import type { JSX } from "preact";

import { cancelJob } from "../../actions";
import { sayProblem } from "../../toasts";
import type { Job, PickResult } from "../../types";
import { now_ms, useClock } from "./clock";
import { durationText, isOver, rateText, secondsOf, stateSigns } from "./job_text";
import { LearningCurve } from "./learning_curve";

/** A job that runs: what it does now, how far it is, and the way to stop it. */
export function JobCard({ job, note }: { job: Job; note?: string | undefined }): JSX.Element {
  useClock(!isOver(job.state));
  const seconds = secondsOf(job, now_ms.value);
  return (
    <section class="card" aria-label={job.title}>
      <header class="job-card-head">
        <strong>{job.title}</strong>
        <span class="job-time">{seconds === null ? stateSigns[job.state].word : durationText(seconds)}</span>
      </header>
      <p class="job-stage" role="status">
        {job.state === "queued" ? "Waiting for the job before it" : job.stage || "Starting"}
      </p>
      <div class="job-progress">
        <progress aria-label={`Progress of ${job.title}`} max={1} value={job.fraction ?? undefined} />
        {job.fraction !== null && <span>{Math.floor(job.fraction * 100)} %</span>}
        {!isOver(job.state) && (
          <button type="button" onClick={() => cancelJob(job.id).catch(sayProblem)}>
            Cancel
          </button>
        )}
      </div>
      {job.kind === "pick" && <PickRate job={job} seconds={seconds ?? 0} />}
      {note !== undefined && <p class="note">{note}</p>}
      <LearningCurve curve={job.curve} />
    </section>
  );
}

function PickRate({ job, seconds }: { job: Job; seconds: number }): JSX.Element | null {
  const result: PickResult = job.result;
  const { n_done, n_failed } = result;
  if (n_done === undefined) return null;
  const named = job.options.micrographs;
  const n_all = Array.isArray(named) ? named.length : null;
  return (
    <p>
      {rateText(n_done, n_all, seconds)}
      {n_failed ? `; ${n_failed} could not be picked` : ""}
    </p>
  );
}
