// What two sets of picks have in common, in words and in the order of a table.

import type { Comparison } from "../../types";

export type MicrographAgreement = Comparison["per_micrograph"][number];

/** Picks of either set that the other one also has, as a fraction of all (Jaccard); null if neither has any. */
export function agreementOf(row: MicrographAgreement): number | null {
  const nAll = row.n_a + row.n_b - row.n_both;
  return nAll === 0 ? null : row.n_both / nAll;
}

/** Least agreement first; of equal ones that with more differences first; micrographs without picks last. */
export function worstFirst(rows: readonly MicrographAgreement[]): MicrographAgreement[] {
  return [...rows].sort((one, other) => {
    const difference = (agreementOf(one) ?? 2) - (agreementOf(other) ?? 2);
    return difference !== 0 ? difference : differences(other) - differences(one) || one.name.localeCompare(other.name);
  });
}

function differences(row: MicrographAgreement): number {
  return row.n_a + row.n_b - 2 * row.n_both;
}

/** "83 %", or a dash. */
export function fractionText(fraction: number | null | undefined): string {
  return fraction === null || fraction === undefined || !Number.isFinite(fraction) ? "–" : `${Math.round(fraction * 100)} %`;
}
