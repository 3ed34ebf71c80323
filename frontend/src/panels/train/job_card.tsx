import { signal } from "@preact/signals";
import type { JSX } from "preact";

import { cancelJob } from "../../actions";
import { countOf } from "../../numbers";
import { sayProblem } from "../../toasts";
import type { Job, PickResult } from "../../types";
import { now_ms, useClock } from "./clock";
import { durationText, isOver, secondsLeft, secondsOf, stateSigns } from "./job_text";
import { LearningCurve } from "./learning_curve";

/** Job that was asked to stop, and takes a moment to do so. */
const stopping = signal<string | null>(null);

function stop(job: Job): void {
  stopping.value = job.id;
  cancelJob(job.id).catch((problem: unknown) => {
    stopping.value = null;
    sayProblem(problem);
  });
}

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
          <button type="button" disabled={stopping.value === job.id} onClick={() => stop(job)}>
            {stopping.value === job.id ? "Stopping …" : "Cancel"}
          </button>
        )}
      </div>
      {job.kind === "pick" && <TimeLeft job={job} seconds={seconds ?? 0} />}
      {note !== undefined && <p class="note">{note}</p>}
      <LearningCurve curve={job.curve} />
    </section>
  );
}

function TimeLeft({ job, seconds }: { job: Job; seconds: number }): JSX.Element | null {
  const { n_failed }: PickResult = job.result;
  const left = job.fraction === null ? null : secondsLeft(job.fraction, seconds);
  if (left === null && !n_failed) return null;
  return (
    <p class="note">
      {left !== null && `About ${durationText(left)} left. `}
      {n_failed ? `${countOf(n_failed, "micrograph")} could not be picked.` : ""}
    </p>
  );
}
