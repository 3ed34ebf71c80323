import type { JSX } from "preact";

import { formatCount } from "../../numbers";
import { countCorrected } from "../../picks/corrected";
import { REASONS } from "../../picks/judge";
import { candidates, currentPickSet, drawnPicks, labels } from "../../store";
import { explainExpected, explainNotExpected, percentWithError } from "./expected_text";
import { summary } from "./pick_figures";

/** How many picks are kept, here and over the data set, and why the others are not. */
export function CountSection(): JSX.Element {
  const here = drawnPicks.value;
  const all = summary.value;
  const reasonsHere = [0, 0, 0, 0];
  here?.reasons.forEach((reason) => (reasonsHere[reason] = (reasonsHere[reason] ?? 0) + 1));
  const n_candidates = candidates.value?.score.length ?? 0;

  const figure = (count: number | undefined) => (count === undefined ? "–" : formatCount(count));
  return (
    <section aria-labelledby="kept-title">
      <h3 id="kept-title">Kept</h3>
      <table class="kept-table">
        <thead>
          <tr>
            <td />
            <th scope="col" title="On the micrograph shown">
              Here
            </th>
            <th scope="col" title="On all micrographs that were picked, before your corrections">
              {all ? `All ${formatCount(all.n_micrographs)}` : "All"}
            </th>
          </tr>
        </thead>
        <tbody>
          <tr class="is-kept">
            <th scope="row">Picks kept</th>
            <td data-testid="kept-here">{figure(here?.n_kept)}</td>
            <td data-testid="kept-all">{figure(all?.n_kept)}</td>
          </tr>
          <tr>
            <th scope="row">After your corrections</th>
            <td data-testid="corrected-here">{figure(here ? countCorrected(here, labels.value) : undefined)}</td>
            <td title="Counted when the picks are exported">–</td>
          </tr>
          {REASONS.slice(1).map((reason, index) => (
            <tr key={reason}>
              <th scope="row">{leftOutBecause[reason] ?? reason}</th>
              <td>{figure(here ? reasonsHere[index + 1] : undefined)}</td>
              <td>{figure(all ? (all.rejected[reason] ?? 0) : undefined)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">Below the threshold</th>
            <td>{figure(here ? n_candidates - here.n : undefined)}</td>
            <td>{figure(all ? belowThreshold(all) : undefined)}</td>
          </tr>
        </tbody>
      </table>
      <p class="note">All is counted before your corrections; what is exported has them.</p>
      <ExpectedFigures />
    </section>
  );
}

const leftOutBecause: Record<string, string> = {
  junk: "Out: on junk",
  "standard deviation": "Out: standard deviation",
  edge: "Out: near the edge",
};

function belowThreshold(all: { n_candidates: number; n_kept: number; rejected: Record<string, number> }): number {
  const n_rejected = Object.values(all.rejected).reduce((sum, count) => sum + count, 0);
  return Math.max(0, all.n_candidates - all.n_kept - n_rejected);
}

function ExpectedFigures(): JSX.Element | null {
  const set = currentPickSet.value;
  const all = summary.value;
  if (set === null || all === null) return null;
  if (all.expected === null) return <p class="note">{explainNotExpected(set.kind, set.is_calibrated)}</p>;
  const { precision, precision_error, recall, recall_error } = all.expected;
  return (
    <>
      <dl class="figures" aria-label="Expected">
        <div>
          <dt>Precision, expected</dt>
          <dd>{percentWithError(precision, precision_error)}</dd>
        </div>
        <div>
          <dt>Recall, expected</dt>
          <dd>{percentWithError(recall, recall_error)}</dd>
        </div>
      </dl>
      <p class="note">{explainExpected(all.expected, all.n_kept)}</p>
    </>
  );
}
