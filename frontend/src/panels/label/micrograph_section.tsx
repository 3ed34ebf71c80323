// The labels of the micrograph shown, and whether they are all there are.

import { change } from "../../labels/session";
import { removeLabels, type Hit } from "../../labels/edits";
import { currentName, labels } from "../../store";

function clear(): void {
  const shown = labels.value;
  if (!shown) return;
  const particles = shown.particles.map(([x_px, y_px]): Hit => ({ kind: "particle", x_px, y_px }));
  const negatives = shown.negatives.map(([x_px, y_px]): Hit => ({ kind: "negative", x_px, y_px }));
  removeLabels([...particles, ...negatives]);
}

export function MicrographSection() {
  const shown = labels.value;
  const n_particles = shown?.particles.length ?? 0;
  const n_negatives = shown?.negatives.length ?? 0;
  const isComplete = shown?.complete ?? false;
  return (
    <section aria-label="This micrograph">
      <div class="section-head">
        <h3>This micrograph</h3>
        <span class="note name-end" title={currentName.value ?? ""}>{currentName.value}</span>
      </div>
      <dl class="figures">
        <div>
          <dt>Particles</dt>
          <dd class="figure-particle" data-testid="n-particles">{n_particles}</dd>
        </div>
        <div>
          <dt>Not a particle</dt>
          <dd class="figure-negative" data-testid="n-negatives">{n_negatives}</dd>
        </div>
      </dl>
      <label class="check">
        <input
          type="checkbox"
          disabled={!shown || n_particles === 0}
          checked={isComplete && n_particles > 0}
          onChange={(event) => change({ operations: [], complete: event.currentTarget.checked })}
        />
        All particles labelled
      </label>
      <label class="check">
        <input
          type="checkbox"
          disabled={!shown || n_particles > 0}
          checked={isComplete && n_particles === 0}
          onChange={(event) => change({ operations: [], complete: event.currentTarget.checked })}
        />
        This micrograph is empty
      </label>
      <p class="note">
        {isComplete
          ? "Training takes everything without a label here as no particle."
          : "Without a mark here, training takes what is not labelled as unknown."}
      </p>
      <div class="buttons">
        <button type="button" class="quiet" disabled={n_particles + n_negatives === 0} onClick={clear}>
          Delete all labels here
        </button>
      </div>
    </section>
  );
}
