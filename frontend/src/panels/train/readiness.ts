// Whether there is enough to learn from, and what is missing, in words.

import type { Row } from "../../types";

export interface LabelCounts {
  n_particles: number;
  n_negatives: number;
  /** Micrographs with a label, or without any and complete: empty ones teach too. */
  n_micrographs: number;
  /** Micrographs of which all particles are labelled. */
  n_complete: number;
}

export type CountedMicrograph = Pick<Row, "n_particles" | "n_negatives" | "complete">;

/** Fewest particles that Train asks for. */
export const leastParticles = 5;
/** What is recommended for a first network. */
export const goodStart = 10;

/** Sums of the labels over all micrographs. */
export function countLabels(micrographs: readonly CountedMicrograph[]): LabelCounts {
  const counts: LabelCounts = { n_particles: 0, n_negatives: 0, n_micrographs: 0, n_complete: 0 };
  for (const micrograph of micrographs) {
    counts.n_particles += micrograph.n_particles;
    counts.n_negatives += micrograph.n_negatives;
    const hasLabels = micrograph.n_particles + micrograph.n_negatives > 0;
    if (hasLabels || micrograph.complete) counts.n_micrographs += 1;
    if (micrograph.complete) counts.n_complete += 1;
  }
  return counts;
}

export type Missing = "diameter" | "particles";

/** What must be done before a network can learn; empty if nothing is missing. */
export function missingFor(counts: LabelCounts, hasDiameter: boolean): { what: Missing; text: string }[] {
  const missing: { what: Missing; text: string }[] = [];
  if (!hasDiameter) {
    missing.push({ what: "diameter", text: "Set the diameter: draw a line across a particle with the ruler." });
  }
  if (counts.n_particles < leastParticles) {
    const more = leastParticles - counts.n_particles;
    const text =
      counts.n_particles === 0
        ? `Click at least ${leastParticles} particles; ${goodStart} are a good start.`
        : `Click at least ${more} more ${more === 1 ? "particle" : "particles"}; ${goodStart} are a good start.`;
    missing.push({ what: "particles", text });
  }
  return missing;
}
