// Colours of marks. They are told apart by the colour-blind too, and shapes differ as well.

export const PARTICLE = "#56b4e9"; // Okabe and Ito's sky blue
export const NEGATIVE = "#ff8a3d"; // their vermillion, lighter for dark pictures
export const LEFT_OUT = "#c3c9d1";
export const RULER = "#f0e442";
export const REGION = "#cc79a7";
export const SET_A = "#56b4e9";
export const SET_B = "#e69f00";
export const HALO = "rgba(8, 10, 14, 0.6)";

// Sea green to yellow, rising in lightness; no blue, which is the labels'.
const SCALE: readonly [number, number, number][] = [
  [24, 138, 132], [46, 178, 120], [138, 208, 72], [253, 231, 62],
];

export const N_STEPS = 16;

function mix(fraction: number): string {
  const place = Math.min(Math.max(fraction, 0), 1) * (SCALE.length - 1);
  const below = Math.min(Math.floor(place), SCALE.length - 2);
  const part = place - below;
  const [first, second] = [SCALE[below]!, SCALE[below + 1]!];
  const channel = (i: 0 | 1 | 2) => Math.round(first[i] + part * (second[i] - first[i]));
  return `rgb(${channel(0)}, ${channel(1)}, ${channel(2)})`;
}

export const SCORE_COLOURS: readonly string[] = Array.from({ length: N_STEPS }, (_, i) =>
  mix(i / (N_STEPS - 1)),
);

/** The step of `SCORE_COLOURS` for a score, between the lowest that can be seen and the highest. */
export function scoreStep(score: number, low: number, high: number): number {
  if (!(high > low)) return N_STEPS - 1;
  const fraction = (score - low) / (high - low);
  return Math.round(Math.min(Math.max(fraction, 0), 1) * (N_STEPS - 1));
}
