import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { formatCount } from "../numbers";
import { titleOf } from "../picks/title";
import { pickSets } from "../store";
import { agreement, agreementProblem, choose, isDrawn, sideA, sideB, watchAgreement } from "./compare/agreement";
import { AgreementTable } from "./compare/agreement_table";
import { fractionText } from "./compare/agreement_text";
import { ImportPicks } from "./compare/import_picks";
import { OrientationCheck } from "./compare/orientation_check";
import "./compare/compare.css";
import "./panel_parts.css";

/** Two sets of coordinates against each other, and coordinates against their images. */
export function ComparePanel(): JSX.Element {
  useEffect(() => watchAgreement(), []);
  return (
    <div class="steps">
      <section aria-labelledby="compare-title">
        <h2 id="compare-title">Compare</h2>
        <Side name="A" id={sideA.value} />
        <Side name="B" id={sideB.value} />
        <ul class="comparison-legend" aria-label="Marks on the micrograph">
          <li class="only-a">only A</li>
          <li class="both">both</li>
          <li class="only-b">only B</li>
        </ul>
        <label class="check">
          <input
            type="checkbox"
            checked={isDrawn.value}
            onChange={(event) => (isDrawn.value = event.currentTarget.checked)}
          />
          Show both on the micrograph
        </label>
        <Agreement />
      </section>
      <AgreementTable />
      <ImportPicks />
      <OrientationCheck />
    </div>
  );
}

function Side({ name, id }: { name: "A" | "B"; id: string }): JSX.Element {
  return (
    <label class="field-row side">
      <span>{name}</span>
      <select aria-label={`Set ${name}`} value={id} onChange={(event) => choose(name, event.currentTarget.value)}>
        <option value="labels">{titleOf("labels")}</option>
        {pickSets.value.map((set) => (
          <option key={set.id} value={set.id}>
            {set.title}
          </option>
        ))}
      </select>
    </label>
  );
}

function Agreement(): JSX.Element {
  const found = agreement.value;
  if (found === null) return <p class="note">{agreementProblem.value ?? "Comparing …"}</p>;
  if (found.per_micrograph.length === 0) return <p class="note">No micrograph has both.</p>;
  const n_all = found.n_a + found.n_b - found.n_both;
  return (
    <>
      <dl class="figures" aria-label="Agreement">
        <div title="Of all picks of either set, the part that both have (Jaccard index)">
          <dt>Agree</dt>
          <dd>{fractionText(found.jaccard)}</dd>
        </div>
        <div title="Picks that both have, as a fraction of the mean number of picks">
          <dt>F1</dt>
          <dd>{found.f1?.toFixed(2) ?? "–"}</dd>
        </div>
        <div title="Between the two picks of a particle, the median">
          <dt>Distance</dt>
          <dd>{found.median_distance_px === null ? "–" : `${found.median_distance_px.toFixed(1)} px`}</dd>
        </div>
      </dl>
      <p class="note">
        {formatCount(found.n_both)} of {formatCount(n_all)} picks are in both: {formatCount(found.n_a)} in A,{" "}
        {formatCount(found.n_b)} in B, at most half a diameter apart, on the micrographs that both have.
      </p>
      {[sideA.value, sideB.value].includes("labels") && (
        <p class="note">
          Where only some of the particles are labelled, Agree and F1 say little: most picks have no label to agree with.
        </p>
      )}
    </>
  );
}
