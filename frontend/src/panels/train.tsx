import type { JSX } from "preact";

import { startJob } from "../actions";
import { countOf } from "../numbers";
import { kept } from "../settings";
import {
  currentName, currentPicksId, diameter_px, jobs, models, panel, project, rows, runningJobs, tool,
} from "../store";
import { sayProblem } from "../toasts";
import type { Job, TrainOptions, TrainResult } from "../types";
import { JobCard } from "./train/job_card";
import { JobList } from "./train/job_list";
import { ModelList, usableModels } from "./train/model_list";
import { PickEverything } from "./train/pick_everything";
import { countLabels, missingFor, type LabelCounts, type Missing } from "./train/readiness";
import { ValidationFigures } from "./train/validation_figures";
import "./panel_parts.css";
import "./train/train.css";

type Choice = Pick<TrainOptions, "labels" | "network" | "seed"> & { start: string };
const standardChoice: Choice = { start: "", labels: "auto", network: "residual", seed: 0 };
const choice = kept<Choice>("train-choice", standardChoice);

/** Everything about learning: from what, how, how far it is, and what was learnt before. */
export function TrainPanel(): JSX.Element {
  const running = runningJobs.value.filter((job) => job.kind === "train");
  const last = jobs.value.find((job) => job.kind === "train");
  return (
    <div class="steps">
      <section aria-labelledby="train-title">
        <h2 id="train-title">Train</h2>
        <LearnsFrom isBusy={running.length > 0} />
      </section>
      {running.map((job) => (
        <JobCard key={job.id} job={job} note={noteOf(job)} />
      ))}
      {running.length === 0 && last !== undefined && <LastTraining job={last} />}
      <PickEverything />
      <ModelList />
      <JobList />
    </div>
  );
}

function LearnsFrom({ isBusy }: { isBusy: boolean }): JSX.Element {
  const counts = countLabels(rows.value);
  const hasDiameter = diameter_px.value !== null || project.value?.diameter_angstrom != null;
  const missing = missingFor(counts, hasDiameter);
  return (
    <>
      <p class="learns-from">
        Learns from {countOf(counts.n_particles, "particle")}
        {counts.n_negatives > 0 && ` and ${countOf(counts.n_negatives, "not-particle")}`} on{" "}
        {countOf(counts.n_micrographs, "micrograph")}
        {counts.n_complete > 0 && `, ${counts.n_complete} of them complete`}. {diameterText()}
      </p>
      {missing.length > 0 && (
        <ul class="missing" aria-label="What is missing">
          {missing.map(({ what, text }) => (
            <li key={what}>
              {text}{" "}
              <button type="button" class="link" onClick={() => takeToolFor(what)}>
                {what === "diameter" ? "Take the ruler" : "Click particles"}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Choices counts={counts} />
      <button
        type="button"
        class="primary wide"
        data-guide="train"
        disabled={missing.length > 0 || isBusy}
        onClick={train}
      >
        {isBusy ? "Training …" : "Train"}
      </button>
    </>
  );
}

function diameterText(): string {
  const px = diameter_px.value;
  const angstrom = project.value?.diameter_angstrom ?? null;
  if (px === null) return angstrom === null ? "" : `Diameter ${Math.round(angstrom)} Å.`;
  return `Diameter ${Math.round(px)} px${angstrom === null ? "" : ` (${Math.round(angstrom)} Å)`}.`;
}

function takeToolFor(what: Missing): void {
  tool.value = what === "diameter" ? "ruler" : "particle";
  if (what === "particles") panel.value = "label";
}

function train(): void {
  const { start, labels, network, seed } = choice.value;
  const isKnown = usableModels(models.value).some((model) => model.id === start);
  const look_at = currentName.value === null ? [] : [currentName.value];
  startJob("train", { start: isKnown ? start : null, labels, network, look_at, seed }).catch(sayProblem);
}

function Choices({ counts }: { counts: LabelCounts }): JSX.Element {
  const { start, labels, network, seed } = choice.value;
  const usable = usableModels(models.value);
  const goesOn = usable.some((model) => model.id === start);
  const change = (changes: Partial<Choice>) => (choice.value = { ...choice.value, ...changes });
  return (
    <>
      <label class="field-row">
        <span>Begin with</span>
        <select
          aria-label="Begin with"
          value={goesOn ? start : ""}
          onChange={(event) => change({ start: event.currentTarget.value })}
        >
          <option value="">a new network</option>
          {usable.map((model) => (
            <option key={model.id} value={model.id}>
              {model.title}
            </option>
          ))}
        </select>
      </label>
      <label class="field-row">
        <span>Labels are</span>
        <select
          aria-label="Labels are"
          value={labels}
          onChange={(event) => change({ labels: event.currentTarget.value as Choice["labels"] })}
        >
          <option value="auto">all or some: find out</option>
          <option value="all">all particles of their micrographs</option>
          <option value="some">only some of the particles</option>
        </select>
      </label>
      <details class="more">
        <summary>More</summary>
        <label class="field-row">
          <span>Network</span>
          <select
            aria-label="Network"
            value={network}
            disabled={goesOn}
            onChange={(event) => change({ network: event.currentTarget.value as Choice["network"] })}
          >
            <option value="residual">residual (fast, needs few labels)</option>
            <option value="deepem8">eight layers, as in the paper</option>
          </select>
        </label>
        <label class="field-row">
          <span>Seed</span>
          <input
            type="number"
            aria-label="Seed"
            min={0}
            step={1}
            value={seed}
            onInput={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isInteger(value) && value >= 0) change({ seed: value });
            }}
          />
        </label>
        {network === "deepem8" && counts.n_particles < 100 && (
          <p class="note">The network of the paper needs some hundred labels, and minutes instead of seconds.</p>
        )}
      </details>
    </>
  );
}

/** What the micrograph shows while a network still learns. */
function noteOf(job: Job): string | undefined {
  const { first_picks, picks }: TrainResult = job.result;
  const shown = currentPicksId.value;
  if (picks !== undefined) return shown === picks ? "The final picks are shown." : undefined;
  if (first_picks === undefined) return "First picks appear on the micrograph as soon as there are any.";
  return shown === first_picks ? "First picks are shown; better ones follow." : undefined;
}

function LastTraining({ job }: { job: Job }): JSX.Element | null {
  if (job.state === "failed") {
    return (
      <section class="card" aria-label="Last training" role="alert">
        <p>
          <strong>{job.title}</strong> failed.
        </p>
        <p class="problem-text">{job.problem}</p>
      </section>
    );
  }
  if (job.state !== "done") return null;
  const { validation, picks, n_labels, threshold }: TrainResult = job.result;
  return (
    <section class="card" aria-label="Last training">
      <p role="status">
        <strong>{job.title}</strong> is done
        {n_labels !== undefined && `: learnt from ${countOf(n_labels, "label")}`}
        {threshold !== undefined && `, threshold ${threshold.toFixed(2)}`}.
      </p>
      {validation ? (
        <ValidationFigures validation={validation} />
      ) : (
        <p class="note">Too few labels to keep some back and measure precision and recall on them.</p>
      )}
      {picks !== undefined && (
        <button type="button" class="wide" onClick={() => (panel.value = "review")}>
          Review its picks
        </button>
      )}
    </section>
  );
}
