// Which micrographs a choice of the list has, and in which order.

import type { Row } from "../types";

export type Filter = "all" | "labelled" | "unlabelled" | "problems";
export type Order = "name" | "picks" | "score";

export const isLabelled = (row: Row) => row.n_particles + row.n_negatives > 0 || row.complete;

export function passes(row: Row, wanted: Filter, text: string): boolean {
  if (wanted === "labelled" && !isLabelled(row)) return false;
  if (wanted === "unlabelled" && (isLabelled(row) || row.problem !== null)) return false;
  if (wanted === "problems" && row.problem === null) return false;
  return row.name.toLowerCase().includes(text);
}

type CountOf = (name: string) => { n: number; mean_score: number | null } | undefined;

/** Most picks or the highest mean score first; those without a figure last. */
export function sortRows(list: readonly Row[], by: Order, countOf: CountOf): Row[] {
  if (by === "name") return [...list];
  const figure = ({ name }: Row) => {
    const count = countOf(name);
    return (by === "picks" ? count?.n : count?.mean_score) ?? -Infinity;
  };
  // Equal ones stay in the order of their names: the sort is stable.
  const figures = new Map(list.map((row) => [row.name, figure(row)]));
  return [...list].sort((first, second) => {
    const [one, two] = [figures.get(first.name)!, figures.get(second.name)!];
    return one === two ? 0 : two > one ? 1 : -1;
  });
}
