// Which formats are offered first, and what programs call themselves.

import type { Format } from "../../types";

/** Programs that particles mostly go to; all other formats are under "More". */
const first: readonly string[] = ["relion", "cryosparc", "eman2"];

const programNames: Record<string, string> = {
  relion: "RELION",
  cryosparc: "cryoSPARC",
  eman2: "EMAN2",
  box: "EMAN .box",
  topaz: "Topaz",
  cbox: "crYOLO .cbox",
  csv: "CSV",
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
