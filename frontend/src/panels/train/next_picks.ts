// Which picks to show while a network learns.

import type { TrainResult } from "../../types";

/** Pick set to show instead of `shown`, after a training has gone from `before` to `after`; null for none. */
export function nextPicks(before: TrainResult, after: TrainResult, shown: string | null): string | null {
  if (after.picks !== undefined && before.picks === undefined) {
    // Somebody who chose another set while the network learnt keeps it.
    const isFollowed = before.first_picks === undefined || shown === null || shown === before.first_picks;
    return isFollowed ? after.picks : null;
  }
  if (after.first_picks !== undefined && before.first_picks === undefined) return after.first_picks;
  return null;
}
