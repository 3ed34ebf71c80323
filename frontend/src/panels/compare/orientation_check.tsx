import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { startJob } from "../../actions";
import { getJobPicture } from "../../api";
import { titleOf } from "../../picks/title";
import { jobs, runningJobs } from "../../store";
import { sayProblem } from "../../toasts";
import type { CheckResult, Job } from "../../types";
import { JobCard } from "../train/job_card";
import { sideA } from "./agreement";

/** Asks the images whether coordinates are flipped or swapped, and shows what they say. */
export function OrientationCheck(): JSX.Element {
  const running = runningJobs.value.find((job) => job.kind === "check");
  const last = jobs.value.find((job) => job.kind === "check" && job.state === "done");
  const check = () => startJob("check", { picks: sideA.value }).catch(sayProblem);
  return (
    <section aria-labelledby="orientation-title">
      <h3 id="orientation-title">Orientation check</h3>
      <p class="note">
        Do coordinates lie on particles as they are, or would they if they were turned or mirrored? The mean image at
        the picks tells. Useful before picks of another program are trusted.
      </p>
      {running ? (
        <JobCard job={running} />
      ) : (
        <button type="button" class="wide" onClick={check}>
          Check A
        </button>
      )}
      {last && <Verdict key={last.id} job={last} />}
    </section>
  );
}

const verdictWords: Record<string, string> = {
  fits: "they fit the images",
  "does not fit, other fits": "they do not fit; read another way, they would",
  "cannot tell": "the images cannot tell",
};

function Verdict({ job }: { job: Job }): JSX.Element {
  const result: CheckResult = job.result;
  const checked = typeof job.options.picks === "string" ? titleOf(job.options.picks) : "";
  return (
    <div class="card" role="status">
      <p>
        <span class={result.fits ? "good-text" : "warning-text"} aria-hidden="true">
          {result.fits ? "✓ " : "⚠ "}
        </span>
        <strong>
          {checked}: {verdictWords[result.verdict ?? ""] ?? result.verdict}
        </strong>
      </p>
      {result.summary && <p>{result.summary}</p>}
      {result.mend && !result.fits && (
        <p>
          To mend them:{" "}
          <code>
            deepem convert …
            {result.mend.split(" ").map((flag) => [" ", <span key={flag} class="flags">{flag}</span>])}
          </code>
          , and import the result.
        </p>
      )}
      {result.picture && <CheckPicture job={job} />}
      {result.options && result.options.length > 0 && (
        <details class="more">
          <summary>Evidence for each way of reading them</summary>
          <table>
            <thead>
              <tr>
                <th scope="col">Way</th>
                <th scope="col" title="By how many standard deviations the mean image stands out from chance">
                  Evidence
                </th>
              </tr>
            </thead>
            <tbody>
              {result.options.map((option) => (
                <tr key={option.flags}>
                  <td>
                    {option.describes}
                    {option.flags && <code class="note flags"> {option.flags}</code>}
                  </td>
                  <td>{option.score.toFixed(2)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </div>
  );
}

function CheckPicture({ job }: { job: Job }): JSX.Element | null {
  const address = useSignal<string | null>(null);
  const large = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let isWanted = true;
    getJobPicture(job.id).then((blob) => {
      if (isWanted) address.value = URL.createObjectURL(blob);
    }, sayProblem);
    return () => {
      isWanted = false;
      if (address.value !== null) URL.revokeObjectURL(address.value);
    };
  }, [job.id]);
  if (address.value === null) return null;
  const picture = (
    <img
      class="check-picture"
      src={address.value}
      alt="Mean images at the picks, for every way of reading the coordinates"
    />
  );
  return (
    <>
      <button type="button" class="picture-button" title="Enlarge" onClick={() => large.current?.showModal()}>
        {picture}
      </button>
      <dialog
        ref={large}
        class="large-picture"
        aria-label="Mean images at the picks"
        onClick={() => large.current?.close()}
      >
        {picture}
      </dialog>
    </>
  );
}
