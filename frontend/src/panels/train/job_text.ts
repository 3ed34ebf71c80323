// What is said of a job: its state, its time, how far it is.

import type { Job, JobState } from "../../types";

export type TimedJob = Pick<Job, "state" | "created" | "started" | "ended">;

/** A word and a sign for a state: never colour alone. */
export const stateSigns: Record<JobState, { word: string; sign: string }> = {
  queued: { word: "waiting", sign: "◷" },
  running: { word: "running", sign: "▶" },
  done: { word: "done", sign: "✓" },
  failed: { word: "failed", sign: "✕" },
  cancelled: { word: "cancelled", sign: "■" },
};

export function isOver(state: JobState): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

/** "8 s", "2 min 05 s", "1 h 20 min". */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** Seconds since a job began, up to its end or to now; null if it has not begun. */
export function secondsOf(job: TimedJob, now_ms: number): number | null {
  if (job.started === null) return null;
  const start_ms = Date.parse(job.started);
  const end_ms = job.ended === null ? now_ms : Date.parse(job.ended);
  return Number.isNaN(start_ms) || Number.isNaN(end_ms) ? null : Math.max(0, (end_ms - start_ms) / 1000);
}

/** "14:05" today, "12 Mar 14:05" on other days. */
export function whenText(iso: string, now: Date): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const clock = `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
  if (time.toDateString() === now.toDateString()) return clock;
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const year = time.getFullYear() === now.getFullYear() ? "" : ` ${time.getFullYear()}`;
  return `${time.getDate()} ${months[time.getMonth()] ?? ""}${year} ${clock}`;
}

/** How long a job will still take at the pace that it had; null while that is a mere guess. */
export function secondsLeft(fraction: number, seconds: number): number | null {
  if (fraction < 0.03 || fraction >= 1 || seconds < 3) return null;
  return (seconds * (1 - fraction)) / fraction;
}
