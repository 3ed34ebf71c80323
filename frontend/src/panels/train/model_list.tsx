import type { JSX } from "preact";

import { models } from "../../store";
import type { Model } from "../../types";

/** Models that can be used for all micrographs: those of a first quick look are left out. */
export function usableModels(all: readonly Model[]): Model[] {
  return all.filter((model) => !model.is_quick);
}

/** Finished models and how well they did on labels kept from them. */
export function ModelList(): JSX.Element | null {
  const usable = usableModels(models.value);
  if (usable.length === 0) return null;
  return (
    <section aria-labelledby="model-list-title">
      <h3 id="model-list-title">Models</h3>
      <table class="model-table">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Labels</th>
            <th scope="col" title="Of what it picks, the part that are particles">
              Precision
            </th>
            <th scope="col" title="Of all particles, the part that it picks">
              Recall
            </th>
            <th scope="col" title="Precision and recall in one figure">
              F1
            </th>
            <th scope="col" title="Average precision: over all thresholds">
              AP
            </th>
          </tr>
        </thead>
        <tbody>
          {usable.map((model) => (
            <tr key={model.id}>
              <th scope="row" title={model.title}>
                {model.id}
              </th>
              <td>{model.n_labels ?? "–"}</td>
              <td>{model.validation?.precision.toFixed(2) ?? "–"}</td>
              <td>{model.validation?.recall.toFixed(2) ?? "–"}</td>
              <td>{model.validation?.f1.toFixed(2) ?? "–"}</td>
              <td>{model.validation?.average_precision.toFixed(2) ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note">Measured on labels that the model did not learn from; a dash where there were too few.</p>
    </section>
  );
}
