import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { getExportZip } from "../../api";
import { countOf, formatCount } from "../../numbers";
import { titleOf } from "../../picks/title";
import { sayProblem } from "../../toasts";
import type { Export } from "../../types";
import { whenText } from "../train/job_text";

const filesAtOnce = 8;

/** Saves a file as a click on a link would; the token cannot be in a link. */
function save(blob: Blob, fileName: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** What was handed over: files, what to do with them, and the way to have them here. */
export function ExportCard({ made, isOpen }: { made: Export; isOpen: boolean }): JSX.Element {
  const isBusy = useSignal(false);
  const showsAll = useSignal(false);
  const shown = showsAll.value ? made.files : made.files.slice(0, filesAtOnce);

  async function download(): Promise<void> {
    isBusy.value = true;
    try {
      save(await getExportZip(made.id), `deepem-${made.id}.zip`);
    } catch (problem) {
      sayProblem(problem);
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <details class="card export-card" open={isOpen} aria-label={`Export ${made.id}`}>
      <summary>
        <strong>{titleOf(made.picks)}</strong>, {countOf(made.n_particles, "particle")} on{" "}
        {countOf(made.n_micrographs, "micrograph")}
        <span class="note">
          {" "}
          {made.formats.join(", ")}, {whenText(made.created, new Date())}
        </span>
      </summary>
      <button type="button" class="wide" disabled={isBusy.value} onClick={() => void download()}>
        {isBusy.value ? "Packing …" : "Download as a zip file"}
      </button>
      {made.next_steps.length > 0 && (
        <>
          <h3>What to do next</h3>
          <ul class="next-steps">
            {made.next_steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </>
      )}
      <h3>Files in {made.folder}</h3>
      <ul class="export-files" aria-label="Files of the export">
        {shown.map((file) => (
          <li key={file}>{file}</li>
        ))}
      </ul>
      {made.files.length > shown.length && (
        <button type="button" class="link" onClick={() => (showsAll.value = true)}>
          Show all {formatCount(made.files.length)} files
        </button>
      )}
    </details>
  );
}
