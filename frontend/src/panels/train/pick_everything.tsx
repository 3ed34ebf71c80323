import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { startJob } from "../../actions";
import { countOf } from "../../numbers";
import { currentPickSet, models, project, runningJobs } from "../../store";
import { sayProblem } from "../../toasts";
import { JobCard } from "./job_card";
import { usableModels } from "./model_list";

/** Picks all micrographs with a model. */
export function PickEverything(): JSX.Element | null {
  const chosen = useSignal<string | null>(null);
  const workers = useSignal<number | null>(null);
  const usable = usableModels(models.value);
  const newest = usable[0];
  if (newest === undefined) return null;
  const shownModel = currentPickSet.value?.model;
  const preferred = usable.find((model) => model.id === shownModel) ?? newest;
  const model = usable.find((each) => each.id === chosen.value) ?? preferred;
  const running = runningJobs.value.filter((job) => job.kind === "pick");
  const n_micrographs = project.value?.n_micrographs ?? 0;

  function pickAll(): void {
    startJob("pick", { model: model.id, micrographs: null, workers: workers.value }).catch(sayProblem);
  }

  return (
    <section aria-labelledby="pick-everything-title">
      <h3 id="pick-everything-title">Pick everything</h3>
      {running.map((job) => (
        <JobCard key={job.id} job={job} />
      ))}
      {running.length === 0 && (
        <>
          <label class="field-row">
            <span>With</span>
            <select
              aria-label="Model to pick with"
              value={model.id}
              onChange={(event) => (chosen.value = event.currentTarget.value)}
            >
              {usable.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.title}
                </option>
              ))}
            </select>
          </label>
          <details class="more">
            <summary>More</summary>
            <label class="field-row">
              <span>Processes</span>
              <input
                type="number"
                aria-label="Processes that pick at the same time"
                min={1}
                max={256}
                placeholder="as many as fit"
                value={workers.value ?? ""}
                onInput={(event) => {
                  const value = event.currentTarget.valueAsNumber;
                  workers.value = Number.isInteger(value) && value > 0 ? value : null;
                }}
              />
            </label>
          </details>
          <button type="button" class="wide" onClick={pickAll}>
            Pick {n_micrographs === 1 ? "the micrograph" : `all ${countOf(n_micrographs, "micrograph")}`}
          </button>
          <p class="note">Micrographs that this model has picked already are not picked again.</p>
        </>
      )}
    </section>
  );
}
