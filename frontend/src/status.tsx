// The line at the foot: connection, saving, jobs.

import { retryNow } from "./labels/session";
import { connectionProblem, isConnected, runningJobs, unsent, unsentProblem } from "./store";

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
