// The time, for what counts seconds on the page.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Now, in ms; it moves while something that uses `useClock(true)` is shown. */
export const now_ms = signal(Date.now());

/** Lets the clock tick once a second while `isNeeded`. */
export function useClock(isNeeded: boolean): void {
  useEffect(() => {
    now_ms.value = Date.now();
    if (!isNeeded) return;
    const timer = setInterval(() => (now_ms.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isNeeded]);
}
