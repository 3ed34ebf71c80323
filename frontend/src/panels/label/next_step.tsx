// What is done, what comes next, and the button for it.

import { openMicrograph } from "../../actions";
import { isLabelled } from "../../list/choice";
import { shownRows } from "../../list/order";
import { currentName, diameter_px, panel, rows, tool } from "../../store";
import { say } from "../../toasts";
import { countLabels, goodStart } from "../train/readiness";

function Progress({ n }: { n: number }) {
  return (
    <div class="clicks" role="img" aria-label={`${n} of ${goodStart} particles for a good start`}>
      {Array.from({ length: goodStart }, (_, i) => (
        <i key={i} class={i < n ? "is-done" : ""} />
      ))}
    </div>
  );
}

/** The next micrograph of the list without labels, after the one shown and then from the top. */
function nextUnlabelled(): string | null {
  const list = shownRows.value;
  const here = list.findIndex((row) => row.name === currentName.value);
  const found = [...list.slice(here + 1), ...list.slice(0, here + 1)].find(
    (row) => row.problem === null && !isLabelled(row) && row.name !== currentName.value,
  );
  return found?.name ?? null;
}

export function NextStep() {
  const counts = countLabels(rows.value);
  const n = counts.n_particles;
  const isReady = n >= goodStart && diameter_px.value !== null;
  return (
    <section class="card" aria-label="Next step">
      <h2>
        {n === 0 ? "Click some particles" : `${n} ${n === 1 ? "particle" : "particles"} labelled`}
      </h2>
      {n < goodStart && <Progress n={n} />}
      <NextText n={n} hasDiameter={diameter_px.value !== null} />
      <div class="buttons">
        {diameter_px.value === null ? (
          <button type="button" class="primary" onClick={() => (tool.value = "ruler")}>Measure a particle</button>
        ) : (
          !isReady && tool.value !== "particle" && (
            <button type="button" class="primary" onClick={() => (tool.value = "particle")}>Add particles</button>
          )
        )}
        {isReady && (
          <button type="button" class="primary" onClick={() => (panel.value = "train")}>Go to Train</button>
        )}
        {n > 0 && (
          <button
            type="button"
            onClick={() => {
              const name = nextUnlabelled();
              if (name !== null) openMicrograph(name);
              else say("Every micrograph of the list has labels.");
            }}
          >
            Next without labels
          </button>
        )}
      </div>
      {n > 0 && (
        <p class="note">
          On {counts.n_micrographs} {counts.n_micrographs === 1 ? "micrograph" : "micrographs"}
          {counts.n_negatives > 0 && `; ${counts.n_negatives} labelled “not a particle”`}
        </p>
      )}
    </section>
  );
}

function NextText({ n, hasDiameter }: { n: number; hasDiameter: boolean }) {
  if (!hasDiameter) {
    return <p>First say how large the particle is: draw a line across one with the ruler, or type it below.</p>;
  }
  if (n < goodStart) {
    return (
      <p>
        Click the centres of about {goodStart} particles: different views, and if you can on two or three micrographs.
        You need not find them all.
      </p>
    );
  }
  return <p>That is enough to start. Train shows first picks within seconds; correct them and train again.</p>;
}
