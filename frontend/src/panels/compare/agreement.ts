// What is compared with what, and the answers, kept up to date while the Compare panel is open.

import { batch, computed, effect, signal } from "@preact/signals";

import { ApiError, getComparison, getMicrographComparison } from "../../api";
import { LatestAnswer } from "../../latest_answer";
import { comparison, currentName, currentPicksId, labels, pickSets, selection } from "../../store";
import { sayProblem } from "../../toasts";
import type { Comparison, MicrographComparison } from "../../types";

/** What is compared: ids of pick sets, or "labels"; null for what is usual. */
const chosenA = signal<string | null>(null);
const chosenB = signal<string | null>(null);

function known(id: string | null): string | null {
  return id === "labels" || pickSets.value.some((set) => set.id === id) ? id : null;
}

export const sideA = computed(() => known(chosenA.value) ?? currentPicksId.value ?? pickSets.value[0]?.id ?? "labels");
export const sideB = computed(() => {
  const chosen = known(chosenB.value);
  if (chosen !== null) return chosen;
  const imported = pickSets.value.find((set) => set.kind === "imported" && set.id !== sideA.value);
  return imported?.id ?? (sideA.value === "labels" ? (pickSets.value[0]?.id ?? "labels") : "labels");
});

/** Puts something on a side; what is on the other side already changes places with it. */
export function choose(side: "A" | "B", id: string): void {
  const [a, b] = [sideA.value, sideB.value];
  batch(() => {
    chosenA.value = side === "A" ? id : id === a ? b : a;
    chosenB.value = side === "B" ? id : id === b ? a : b;
  });
}

export const agreement = signal<Comparison | null>(null);
/** Why there is nothing to compare. */
export const agreementProblem = signal<string | null>(null);
export const isDrawn = signal(true);

/** Another value when what is compared changes: sliders and labels count too. */
const content = computed(() => {
  const sets = pickSets.value.map((set) => [set.id, set.selection, set.n_micrographs]);
  const usesLabels = sideA.value === "labels" || sideB.value === "labels";
  return JSON.stringify([sideA.value, sideB.value, sets, selection.value, usesLabels && labels.value?.revision]);
});

/** Compares, and draws both sides over the micrograph, until the returned function is called. */
export function watchAgreement(): () => void {
  const sums = new LatestAnswer<{ a: string; b: string }, Comparison>({
    ask: ({ a, b }, abort) => getComparison(a, b, abort),
    show: (answer) => {
      agreement.value = answer;
      agreementProblem.value = null;
    },
    fail: (problem) => {
      agreement.value = null;
      agreementProblem.value = problem instanceof ApiError ? problem.message : String(problem);
    },
    wait_ms: 300,
  });
  const marks = new LatestAnswer<{ name: string; a: string; b: string }, MicrographComparison>({
    ask: ({ name, a, b }, abort) => getMicrographComparison(name, a, b, abort),
    show: (answer) => (comparison.value = answer),
    fail: (problem) => {
      comparison.value = null;
      // A micrograph that only one side has is not compared.
      if (!(problem instanceof ApiError)) sayProblem(problem);
    },
    wait_ms: 120,
  });
  const stopSums = effect(() => {
    void content.value;
    const [a, b] = [sideA.peek(), sideB.peek()];
    if (a === b) {
      sums.forget();
      agreement.value = null;
      agreementProblem.value = "Choose two different ones.";
    } else sums.request({ a, b });
  });
  const stopMarks = effect(() => {
    void content.value;
    const [a, b, name] = [sideA.peek(), sideB.peek(), currentName.value];
    marks.forget();
    comparison.value = null;
    if (isDrawn.value && a !== b && name !== null) marks.request({ name, a, b });
  });
  return () => {
    stopSums();
    stopMarks();
    sums.forget();
    marks.forget();
    comparison.value = null;
  };
}
