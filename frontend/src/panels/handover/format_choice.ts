// Which formats are offered first, what programs call themselves, and which file is the list of micrographs.

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

/** What the format is, without the name of its program, which stands before it. */
export function describeFormat(format: Format): string {
  const plain = (word: string | undefined) => word?.toLowerCase().replace(/[:,]$/, "");
  const name = programOf(format).split(" ");
  const words = format.description.split(" ");
  const n_same = name.findIndex((word, i) => plain(word) !== plain(words[i]));
  return words.slice(n_same < 0 ? name.length : n_same).join(" ");
}

/** The formats in the order in which they are offered, in two groups. */
export function groupFormats(formats: readonly Format[]): { main: Format[]; others: Format[] } {
  const main = first.flatMap((name) => formats.find((format) => format.name === name) ?? []);
  const others = formats.filter((format) => !first.includes(format.name));
  return { main, others: others.sort((one, other) => programOf(one).localeCompare(programOf(other))) };
}

/** Of files that were sent together, the one that lists the micrographs; the others belong to it. */
export function chooseList(paths: readonly string[]): string | undefined {
  return paths.find((path) => path.endsWith(".csg")) ?? paths.find((path) => !path.includes("passthrough")) ?? paths[0];
}
