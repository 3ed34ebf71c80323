// The line at the foot: connection, saving, jobs.

import { retryNow } from "./labels/session";
import { connectionProblem, isConnected, runningJobs, tool, unsent, unsentProblem } from "./store";
import { TOOLS } from "./viewer/tools";

function Saving() {
  if (unsentProblem.value !== null) {
    return (
      <span class="status-problem" role="alert">
        {unsent.value} {unsent.value === 1 ? "change is" : "changes are"} not saved: {unsentProblem.value}{" "}
        <button type="button" onClick={retryNow}>Try again</button>
      </span>
    );
  }
  return <span>{unsent.value > 0 ? "Saving…" : "All labels are saved"}</span>;
}

/** What the tool in hand does. */
function Hint() {
  return <span class="status-hint">{TOOLS.find((entry) => entry.tool === tool.value)?.hint}</span>;
}

export function StatusLine() {
  const job = runningJobs.value.at(-1);
  return (
    <footer class="status">
      <span class="status-item">
        <Saving />
      </span>
      {!isConnected.value && (
        <span class="status-item status-problem">
          {connectionProblem.value ?? "The connection to the server is lost; trying again…"}
        </span>
      )}
      <Hint />
      {job && (
        <span class="status-job" data-testid="status-job">
          {job.title}: {job.stage}
          {job.fraction !== null && (
            <span class="status-bar" role="progressbar" aria-label={job.title} aria-valuenow={Math.round(100 * job.fraction)}>
              <i style={{ width: `${100 * job.fraction}%` }} />
            </span>
          )}
        </span>
      )}
    </footer>
  );
}
