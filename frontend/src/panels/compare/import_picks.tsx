import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import { loadPickSets } from "../../actions";
import { importPicks } from "../../api";
import { countOf } from "../../numbers";
import { say, sayProblem } from "../../toasts";
import { uploadTogether } from "../../uploads";
import { choose } from "./agreement";

/** Coordinates of another program, as picks to compare with. */
export function ImportPicks(): JSX.Element {
  const files = useSignal<File[]>([]);
  const title = useSignal("");
  const path = useSignal("");
  const isBusy = useSignal(false);
  const canImport = !isBusy.value && (files.value.length > 0 || path.value.trim() !== "");

  async function run(): Promise<void> {
    isBusy.value = true;
    try {
      const paths = path.value.trim() === "" ? [] : [path.value.trim()];
      paths.push(...(await uploadTogether(files.value)));
      const set = await importPicks(paths, title.value.trim() || "Imported picks");
      await loadPickSets();
      choose("B", set.id);
      say(`Imported “${set.title}”: picks of ${countOf(set.n_micrographs, "micrograph")}.`);
      files.value = [];
      path.value = "";
      title.value = "";
    } catch (problem) {
      sayProblem(problem);
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <details class="more card">
      <summary>Import picks of another program</summary>
      <p class="note">
        Coordinate files of RELION, cryoSPARC, EMAN2, crYOLO, Topaz and others; their kind is found out. Files are
        matched to micrographs by name.
      </p>
      <label class="field">
        <span>Files from this computer</span>
        <input
          type="file"
          multiple
          aria-label="Coordinate files from this computer"
          onChange={(event) => (files.value = [...(event.currentTarget.files ?? [])])}
        />
      </label>
      <label class="field">
        <span>or a file or folder in the project's folder</span>
        <input
          type="text"
          aria-label="Coordinate file or folder in the project's folder"
          placeholder="AutoPick/job012/autopick.star"
          value={path.value}
          onInput={(event) => (path.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Call them</span>
        <input
          type="text"
          aria-label="Title of the imported picks"
          placeholder="Imported picks"
          maxLength={100}
          value={title.value}
          onInput={(event) => (title.value = event.currentTarget.value)}
        />
      </label>
      <button type="button" disabled={!canImport} onClick={() => void run()}>
        {isBusy.value ? "Importing …" : "Import"}
      </button>
    </details>
  );
}
