// One micrograph of the list.

import { useEffect } from "preact/hooks";

import { openMicrograph } from "../actions";
import { countsByName } from "../store";
import type { Row } from "../types";
import { isLabelled } from "./choice";
import { cancelThumbnail, thumbnail } from "./thumbnails";

export const ROW_HEIGHT = 64; // screen pixels, as in list.css

interface Mark {
  text: string;
  style: string;
}

function markOf(row: Row): Mark | null {
  if (row.problem !== null) return { text: "cannot be read", style: "problem" };
  if (row.complete && row.n_particles === 0) return { text: "empty", style: "complete" };
  if (row.complete) return { text: "all labelled", style: "complete" };
  if (isLabelled(row)) return { text: "labelled", style: "labelled" };
  return null;
}

function Figures({ row }: { row: Row }) {
  const count = countsByName.value.get(row.name);
  return (
    <span class="row-figures">
      {row.n_particles > 0 && (
        <span class="figure figure-particle" title="Particles labelled">
          <span class="hidden">particles labelled: </span>{row.n_particles}
        </span>
      )}
      {row.n_negatives > 0 && (
        <span class="figure figure-negative" title="Places labelled as no particle">
          <span class="hidden">not particles: </span>{row.n_negatives}
        </span>
      )}
      {count && (
        <span class="figure figure-pick" title={`Picks before your corrections; mean score ${count.mean_score?.toFixed(2) ?? "unknown"}`}>
          {count.n} picks
        </span>
      )}
    </span>
  );
}

function Picture({ name }: { name: string }) {
  useEffect(() => () => cancelThumbnail(name), [name]);
  const address = thumbnail(name).value;
  return address ? <img class="row-picture" src={address} alt="" /> : <span class="row-picture" />;
}

interface RowProps {
  row: Row;
  place: number; // in the list
  total: number;
  isCurrent: boolean;
}

export function ListRow({ row, place, total, isCurrent }: RowProps) {
  const mark = markOf(row);
  return (
    <div
      id={`row-${place}`}
      class={`row ${isCurrent ? "is-current" : ""}`}
      role="option"
      aria-selected={isCurrent}
      aria-setsize={total}
      aria-posinset={place + 1}
      title={row.problem ?? row.path}
      style={{ top: `${place * ROW_HEIGHT}px` }}
      onClick={() => openMicrograph(row.name)}
    >
      <Picture name={row.name} />
      <span class="row-text">
        {/* The end of a name tells micrographs apart, so the beginning is what is cut. */}
        <span class="row-name"><bdi>{row.name}</bdi></span>
        <Figures row={row} />
        {mark && <span class={`mark mark-${mark.style}`}>{mark.text}</span>}
      </span>
    </div>
  );
}
