// What is said of the precision and recall to be expected at a threshold.

import { formatCount } from "../../numbers";
import type { Expected, PickSet } from "../../types";

/** A fraction and its error as whole per cent: "94 ± 2 %"; a dash where it is not known. */
export function percentWithError(fraction: number | null, error: number | null): string {
  if (fraction === null) return "–";
  const percent = Math.round(fraction * 100);
  return error === null ? `${percent} %` : `${percent} ± ${Math.max(1, Math.round(error * 100))} %`;
}

/** What the two figures mean, in a sentence. */
export function explainExpected({ precision, recall }: Expected, nKept: number): string {
  if (precision === null || recall === null) return "No pick is kept, so there is nothing to expect.";
  return (
    `Of ${formatCount(nKept)} picks about ${formatCount(precision * nKept)} should be particles; ` +
    `about ${Math.round((1 - recall) * 100)} % of all particles would be missed.`
  );
}

/** Why nothing can be expected of these picks. */
export function explainNotExpected(kind: PickSet["kind"], isCalibrated: boolean): string {
  if (kind === "imported") {
    return "Precision and recall cannot be foretold: these picks come from another program, and their scores are not probabilities.";
  }
  if (!isCalibrated) {
    return "Precision and recall cannot be foretold: this model had too few labels to learn how sure it can be. More labels, and training again, give it that.";
  }
  return "Precision and recall cannot be foretold: the range of standard deviations is wider than the one that the model knows.";
}
