// Short messages at the foot of the page.

import { ApiError } from "./http";
import { toasts, type Toast } from "./store";

let lastId = 0;
const INFO_MS = 5000;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Errors stay until they are dismissed. */
export function say(text: string, kind: Toast["kind"] = "info"): void {
  if (toasts.value.some((toast) => toast.text === text)) return;
  const id = ++lastId;
  toasts.value = [...toasts.value.slice(-3), { id, kind, text }];
  if (kind === "info") setTimeout(() => dismiss(id), INFO_MS);
}

/** Shows a problem. Requests that the page itself called off are none. */
export function sayProblem(problem: unknown): void {
  if (problem instanceof DOMException && problem.name === "AbortError") return;
  if (problem instanceof ApiError || problem instanceof Error) say(problem.message, "error");
  else say(String(problem), "error");
}
