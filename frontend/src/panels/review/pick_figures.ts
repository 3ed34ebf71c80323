// What the Review panel shows of the current picks: histograms and sums, kept up to date.

import { computed, effect, signal } from "@preact/signals";

import { getHistograms, getSummary } from "../../api";
import { LatestAnswer } from "../../latest_answer";
import { currentPicksId, currentPickSet, selection } from "../../store";
import { sayProblem } from "../../toasts";
import type { Histograms, PickSummary, Selection } from "../../types";

export const histograms = signal<Histograms | null>(null);
/** Sums over the data set at the sliders' values; those of a moment ago while they move. */
export const summary = signal<PickSummary | null>(null);

/** Another value when other picks are shown, or when there are more of them. */
const content = computed(() => {
  const set = currentPickSet.value;
  return set === null ? null : `${set.id} ${set.n_micrographs}`;
});

/** Keeps the figures up to date until the returned function is called. */
export function watchPickFigures(): () => void {
  const histogramAsker = new LatestAnswer<string, Histograms>({
    ask: getHistograms,
    show: (answer) => (histograms.value = answer),
    fail: sayProblem,
  });
  const summaryAsker = new LatestAnswer<{ id: string; wanted: Selection }, PickSummary>({
    ask: ({ id, wanted }, signal) => getSummary(id, wanted, signal),
    show: (answer) => (summary.value = answer),
    fail: sayProblem,
  });

  let shownId: string | null = null;
  const stopHistograms = effect(() => {
    const id = content.value === null ? null : currentPicksId.peek();
    if (id !== shownId) {
      histograms.value = null;
      summary.value = null;
      shownId = id;
    }
    if (id !== null) void histogramAsker.requestNow(id);
  });
  const stopSummary = effect(() => {
    const wanted = selection.value;
    const id = content.value === null ? null : currentPicksId.peek();
    if (id === null) summaryAsker.forget();
    else summaryAsker.request({ id, wanted });
  });
  return () => {
    stopHistograms();
    stopSummary();
    histogramAsker.forget();
    summaryAsker.forget();
  };
}
