// The event stream, read with fetch because an EventSource cannot send the token.

import { EventParser } from "./event_parser";
import { address, send } from "./http";
import type { StudioEvent } from "./types";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Listens for as long as the page lives. `onConnect` is called at every (re)connection: what
 * happened in between is not sent again, so everything shown must be read anew there.
 */
export async function watchEvents(
  onEvent: (event: StudioEvent) => void,
  onConnect: () => void,
  onLost: (problem: unknown) => void,
): Promise<never> {
  let wait_ms = FIRST_WAIT_MS;
  for (;;) {
    try {
      const response = await send(address(["events"]));
      onConnect();
      wait_ms = FIRST_WAIT_MS;
      const parser = new EventParser();
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        parser.push(value).forEach(onEvent);
      }
      onLost(null);
    } catch (problem) {
      onLost(problem);
    }
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(2 * wait_ms, LONGEST_WAIT_MS);
  }
}
