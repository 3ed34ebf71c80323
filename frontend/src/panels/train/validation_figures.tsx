import type { JSX } from "preact";

import type { Validation } from "../../types";

const figures: { key: keyof Validation; name: string; meaning: string }[] = [
  { key: "precision", name: "Precision", meaning: "of what it picks, the part that are particles" },
  { key: "recall", name: "Recall", meaning: "of all particles, the part that it picks" },
  { key: "f1", name: "F1", meaning: "precision and recall in one figure" },
  { key: "average_precision", name: "Average precision", meaning: "precision over all thresholds" },
];

/** How well a model did on labels that it did not learn from. */
export function ValidationFigures({ validation }: { validation: Validation }): JSX.Element {
  return (
    <dl class="figures" aria-label="On labels it did not learn from">
      {figures.map(({ key, name, meaning }) => (
        <div key={key} title={meaning}>
          <dt>{name}</dt>
          <dd>{validation[key].toFixed(2)}</dd>
        </div>
      ))}
    </dl>
  );
}
