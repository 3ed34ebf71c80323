// The micrographs: thousands of rows, of which only those in view are on the page.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { openMicrograph } from "../actions";
import { counts, currentName, helpIsOpen, project, rows, rowsLoaded } from "../store";
import type { Row } from "../types";
import type { Filter, Order } from "./choice";
import { filter, neighbour, order, search, shownRows } from "./order";
import { ListRow, ROW_HEIGHT } from "./row";

const SPARE_ROWS = 4; // above and below what is seen

const scrollTop = signal(0);
const height = signal(600);

const FILTERS: { value: Filter; label: string }[] = [
  { value: "all", label: "All" },
  { value: "labelled", label: "Labelled" },
  { value: "unlabelled", label: "Not labelled" },
  { value: "problems", label: "Problems" },
];

const ORDERS: { value: Order; label: string }[] = [
  { value: "name", label: "Name" },
  { value: "picks", label: "Number of picks" },
  { value: "score", label: "Mean score" },
];

function Head() {
  return (
    <div class="list-head">
      <div class="list-title">
        <h1 class="project-name" title={project.value?.folder}>{project.value?.name ?? "DeepEM Studio"}</h1>
        <button
          type="button" class="quiet" title="Help and keys (?)" aria-keyshortcuts="?"
          onClick={() => (helpIsOpen.value = true)}
        >
          Help
        </button>
      </div>
      <input
        type="search"
        placeholder="Find a micrograph"
        aria-label="Find a micrograph"
        value={search.value}
        onInput={(event) => (search.value = event.currentTarget.value)}
      />
      <div class="list-choices">
        <select
          aria-label="Show"
          value={filter.value}
          onChange={(event) => (filter.value = event.currentTarget.value as Filter)}
        >
          {FILTERS.map(({ value, label }) => (
            <option key={value} value={value}>{label}</option>
          ))}
        </select>
        <select
          aria-label="Sort by"
          value={order.value}
          onChange={(event) => (order.value = event.currentTarget.value as Order)}
        >
          {ORDERS.map(({ value, label }) => (
            <option key={value} value={value} disabled={value !== "name" && counts.value === null}>{label}</option>
          ))}
        </select>
      </div>
    </div>
  );
}

function Rows({ list }: { list: readonly Row[] }) {
  const first = Math.max(0, Math.floor(scrollTop.value / ROW_HEIGHT) - SPARE_ROWS);
  const n = Math.ceil(height.value / ROW_HEIGHT) + 2 * SPARE_ROWS;
  return (
    <div class="rows" style={{ height: `${list.length * ROW_HEIGHT}px` }}>
      {list.slice(first, first + n).map((row, i) => (
        <ListRow
          key={row.name}
          row={row}
          place={first + i}
          total={list.length}
          isCurrent={row.name === currentName.value}
        />
      ))}
    </div>
  );
}

/** Scrolls so that the current row is seen. */
function reveal(box: HTMLElement, place: number): void {
  const top = place * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + ROW_HEIGHT - box.clientHeight;
  }
}

function step(event: KeyboardEvent): void {
  const list = shownRows.value;
  const target = {
    Home: list[0]?.name,
    End: list.at(-1)?.name,
    ArrowDown: neighbour(currentName.value, 1),
    ArrowUp: neighbour(currentName.value, -1),
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  if (target !== null) openMicrograph(target);
}

export function MicrographList() {
  const box = useRef<HTMLDivElement>(null);
  const list = shownRows.value;
  const place = list.findIndex((row) => row.name === currentName.value);
  useEffect(() => {
    const resizes = new ResizeObserver(() => (height.value = box.current!.clientHeight));
    resizes.observe(box.current!);
    return () => resizes.disconnect();
  }, []);
  useEffect(() => {
    if (place >= 0) reveal(box.current!, place);
  }, [place, currentName.value]);
  const n = rows.value.length;
  return (
    <nav class="list" aria-label="Micrographs">
      <Head />
      <div
        class="list-box"
        ref={box}
        role="listbox"
        aria-label="Micrographs"
        tabIndex={0}
        aria-activedescendant={place >= 0 ? `row-${place}` : undefined}
        onScroll={(event) => (scrollTop.value = event.currentTarget.scrollTop)}
        onKeyDown={step}
      >
        {rowsLoaded.value && list.length === 0 && (
          <p class="list-empty">
            {n === 0 ? "There are no micrographs in this folder." : "No micrograph fits this choice."}
          </p>
        )}
        <Rows list={list} />
      </div>
      <div class="list-foot" data-testid="list-total">
        {!rowsLoaded.value ? "" : list.length === n ? `${n.toLocaleString("en")} micrographs` : `${list.length.toLocaleString("en")} of ${n.toLocaleString("en")}`}
      </div>
    </nav>
  );
}
