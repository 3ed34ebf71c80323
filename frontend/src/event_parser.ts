// The text of an event stream, cut into events.

import type { StudioEvent } from "./types";

/** Takes text as it comes and gives the events that are complete; comments are skipped. */
export class EventParser {
  private rest = "";

  push(text: string): StudioEvent[] {
    const blocks = (this.rest + text).split(/\r?\n\r?\n/);
    this.rest = blocks.pop() ?? "";
    const events: StudioEvent[] = [];
    for (const block of blocks) {
      const data = block
        .split(/\r?\n/)
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart())
        .join("\n");
      if (data) events.push(JSON.parse(data) as StudioEvent);
    }
    return events;
  }
}
