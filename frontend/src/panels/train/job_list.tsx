import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { getJob } from "../../api";
import { jobs } from "../../store";
import { sayProblem } from "../../toasts";
import type { Job, PickResult } from "../../types";
import { now_ms } from "./clock";
import { durationText, secondsOf, stateSigns, whenText } from "./job_text";

const shortList = 6;

/** All jobs of this folder, newest first, with what they said. */
export function JobList(): JSX.Element | null {
  const showsAll = useSignal(false);
  const all = jobs.value;
  if (all.length === 0) return null;
  const shown = showsAll.value ? all : all.slice(0, shortList);
  return (
    <section aria-labelledby="job-list-title">
      <h3 id="job-list-title">Jobs</h3>
      <ul class="job-list">
        {shown.map((job) => (
          <JobEntry key={job.id} job={job} />
        ))}
      </ul>
      {all.length > shown.length && (
        <button type="button" class="link" onClick={() => (showsAll.value = true)}>
          Show all {all.length} jobs
        </button>
      )}
    </section>
  );
}

function JobEntry({ job }: { job: Job }): JSX.Element {
  const isOpen = useSignal(false);
  const log = useSignal<string[] | null>(null);
  const { word, sign } = stateSigns[job.state];
  const seconds = secondsOf(job, now_ms.value);

  useEffect(() => {
    if (isOpen.value) getJob(job.id).then((found) => (log.value = found.log), sayProblem);
  }, [isOpen.value, job.stage, job.state]);

  return (
    <li>
      <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
        <summary>
          <span class={`job-sign is-${job.state}`} aria-hidden="true">
            {sign}
          </span>
          <span class="job-title">{job.title}</span>
          <span class="job-state">
            {word}
            {seconds !== null && `, ${durationText(seconds)}`}
          </span>
          <time dateTime={job.created}>{whenText(job.created, new Date(now_ms.value))}</time>
        </summary>
        <Failures job={job} />
        <pre class="job-log" tabIndex={0} aria-label={`Log of ${job.title}`}>
          {log.value === null ? "Reading the log …" : log.value.join("\n") || "It said nothing."}
        </pre>
      </details>
      {job.problem !== null && <p class="problem-text job-problem">{job.problem}</p>}
    </li>
  );
}

/** Micrographs that could not be picked, each with its reason. */
export function Failures({ job }: { job: Job }): JSX.Element | null {
  const failures = Object.entries((job.result as PickResult).failures ?? {});
  if (failures.length === 0) return null;
  return (
    <ul class="failures" aria-label="Micrographs that could not be picked">
      {failures.map(([name, message]) => (
        <li key={name}>
          <strong>{name}</strong>: {message}
        </li>
      ))}
    </ul>
  );
}
