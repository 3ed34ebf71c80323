// Which formats are offered first, and what programs call themselves.

import type { Format } from "../../types";

/** Programs that particles mostly go to; all other formats are under "More". */
const first: readonly string[] = ["relion", "cryosparc", "eman2"];

const programNames: Record<string, string> = {
  box: "EMAN .box",
  cbox: "crYOLO .cbox",
  cryolo: "crYOLO .star",
  cryoppp: "CryoPPP",
  cryosparc: "cryoSPARC",
  csv: "Table, commas",
  eman2: "EMAN2",
  gautomatch: "Gautomatch",
  particles: "RELION particles",
  relion: "RELION",
  star: "RELION coordinates",
  topaz: "Topaz",
  tsv: "Table, tabs",
  warp: "Warp",
};

export function programOf(format: Format): string {
  return programNames[format.name] ?? format.name;
}

/** The formats in the order in which they are offered, in two groups. */
export function groupFormats(formats: readonly Format[]): { main: Format[]; others: Format[] } {
  const main = first.flatMap((name) => formats.find((format) => format.name === name) ?? []);
  const others = formats.filter((format) => !first.includes(format.name));
  return { main, others: others.sort((one, other) => programOf(one).localeCompare(programOf(other))) };
}
