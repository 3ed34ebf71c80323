// Lengths in the micrograph, as text and as a scale bar.

const ANGSTROM_PER_NM = 10;

/** The largest 1, 2 or 5 times a power of ten that is not above a value. */
export function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const digit = [5, 2, 1].find((candidate) => candidate * power <= value * (1 + 1e-9)) ?? 1;
  return digit * power;
}

export interface ScaleBar {
  length_px: number; // in pixels of the micrograph
  text: string;
}

/** A bar of a round length that is at most `longest_px` of the micrograph long. */
export function makeScaleBar(longest_px: number, pixelSize_angstrom: number | null): ScaleBar {
  if (pixelSize_angstrom === null) {
    const length_px = Math.max(1, roundDown(longest_px));
    return { length_px, text: `${length_px} px` };
  }
  const length_angstrom = roundDown(longest_px * pixelSize_angstrom);
  const length_px = length_angstrom / pixelSize_angstrom;
  const isLong = length_angstrom >= ANGSTROM_PER_NM;
  const text = isLong ? `${length_angstrom / ANGSTROM_PER_NM} nm` : `${length_angstrom} Å`;
  return { length_px, text };
}

export function describeLength(length_px: number, pixelSize_angstrom: number | null): string {
  const pixels = `${Math.round(length_px)} px`;
  if (pixelSize_angstrom === null) return pixels;
  return `${Math.round(length_px * pixelSize_angstrom)} Å · ${pixels}`;
}
