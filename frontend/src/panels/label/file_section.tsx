// Coordinates from other programs in, labels for other programs out.

import { useState } from "preact/hooks";

import { loadRows } from "../../actions";
import { exportLabels, importLabels } from "../../api";
import { loadLabels } from "../../labels/session";
import { currentName, project } from "../../store";
import { sayProblem } from "../../toasts";
import type { ExportedLabels, ImportedLabels, Kind } from "../../types";
import { uploadTogether } from "../../uploads";

const MOST_PROBLEMS = 5;

function Imported({ result }: { result: ImportedLabels }) {
  return (
    <div role="status">
      <p>
        {result.n_labels.toLocaleString("en")} {result.n_labels === 1 ? "label" : "labels"} added on{" "}
        {result.n_micrographs} {result.n_micrographs === 1 ? "micrograph" : "micrographs"}.
      </p>
      {result.problems.length > 0 && (
        <ul class="problems">
          {result.problems.slice(0, MOST_PROBLEMS).map((problem) => <li key={problem}>{problem}</li>)}
          {result.problems.length > MOST_PROBLEMS && <li>and {result.problems.length - MOST_PROBLEMS} more</li>}
        </ul>
      )}
    </div>
  );
}

export function ImportSection() {
  const [kind, setKind] = useState<Kind>("particle");
  const [path, setPath] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<ImportedLabels | null>(null);

  async function bringIn(makePaths: () => Promise<string[]>): Promise<void> {
    setBusy(true);
    setResult(null);
    try {
      setResult(await importLabels(await makePaths(), kind));
      const name = currentName.value;
      await Promise.all([loadRows(), name === null ? null : loadLabels(name)]);
    } catch (problem) {
      sayProblem(problem);
    }
    setBusy(false);
  }

  return (
    <details class="more">
      <summary>Import coordinates</summary>
      <p class="note">From RELION, cryoSPARC, EMAN2, crYOLO, Topaz and others. They are added to what is there.</p>
      <label class="field">
        <span>They are</span>
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
          <option value="particle">particles</option>
          <option value="negative">not particles</option>
        </select>
      </label>
      <label class="field">
        <span>Files of this computer</span>
        <input
          type="file"
          multiple
          disabled={isBusy}
          onChange={(event) => {
            const field = event.currentTarget;
            const { files } = field;
            if (files && files.length > 0) void bringIn(() => uploadTogether(files)).then(() => (field.value = ""));
          }}
        />
      </label>
      <form
        class="path-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (path.trim()) void bringIn(async () => [path.trim()]);
        }}
      >
        <label class="field">
          <span>Or a file or folder inside the project’s folder</span>
          <input
            type="text"
            value={path}
            placeholder="for example AutoPick/job005"
            onInput={(event) => setPath(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={isBusy || !path.trim()}>Import</button>
      </form>
      {isBusy && <p class="note" role="status">Reading…</p>}
      {result && <Imported result={result} />}
    </details>
  );
}

export function ExportSection() {
  const formats = project.value?.formats ?? [];
  const [format, setFormat] = useState("");
  const [result, setResult] = useState<ExportedLabels | null>(null);
  const standard = formats.find(({ name }) => name === "star") ?? formats[0];
  const chosen = format || standard?.name || "";
  return (
    <details class="more">
      <summary>Export the labels</summary>
      <label class="field">
        <span>Format</span>
        <select value={chosen} onChange={(event) => setFormat(event.currentTarget.value)}>
          {formats.map(({ name, description }) => (
            <option key={name} value={name}>{description}</option>
          ))}
        </select>
      </label>
      <div class="buttons">
        <button
          type="button"
          disabled={!chosen}
          onClick={() => {
            setResult(null);
            exportLabels(chosen).then(setResult, sayProblem);
          }}
        >
          Export
        </button>
      </div>
      {result && (
        <p role="status">
          {result.n_labels.toLocaleString("en")} labels written to <code>{result.folder}</code> (
          {result.files.length} {result.files.length === 1 ? "file" : "files"}).
        </p>
      )}
      <p class="note">Corrected picks are handed over in the last step.</p>
    </details>
  );
}
