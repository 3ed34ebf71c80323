// The rows that the list shows now.

import { computed, signal } from "@preact/signals";

import { kept } from "../settings";
import { countsByName, rows } from "../store";
import { passes, sortRows, type Filter, type Order } from "./choice";

export const filter = signal<Filter>("all");
export const search = signal("");
export const order = kept<Order>("list-order", "name");

export const shownRows = computed(() => {
  const text = search.value.trim().toLowerCase();
  const found = rows.value.filter((row) => passes(row, filter.value, text));
  return sortRows(found, order.value, (name) => countsByName.value.get(name));
});

/** The micrograph before or after one in the list; null at its ends. */
export function neighbour(name: string | null, offset: 1 | -1): string | null {
  const list = shownRows.value;
  const here = list.findIndex((row) => row.name === name);
  if (here < 0) return list[0]?.name ?? null;
  return list[here + offset]?.name ?? null;
}
