import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { getExports, startExport } from "../api";
import { whenSaved } from "../labels/session";
import { countOf } from "../numbers";
import { titleOf } from "../picks/title";
import { kept } from "../settings";
import { currentPicksId, pickSets, project, rows } from "../store";
import { say, sayProblem } from "../toasts";
import type { Export, ExportRequest, Format } from "../types";
import { ExportCard } from "./handover/export_card";
import { describeFormat, groupFormats, programOf } from "./handover/format_choice";
import { ListField, micrographList } from "./handover/list_field";
import "./handover/handover.css";
import "./panel_parts.css";

const chosenSource = signal<string | null>(null);
const chosenFormats = kept<string[]>("export-formats", ["relion"]);
const projectRoot = kept("export-project-root", "");

/** Picks as files of the programs that come next. */
export function HandOverPanel(): JSX.Element {
  const exports = useSignal<Export[] | null>(null);
  const newest = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  useEffect(() => {
    getExports().then((found) => (exports.value = found), sayProblem);
  }, []);

  const source = sourceOf();
  const formats = (project.value?.formats ?? []).filter((format) => chosenFormats.value.includes(format.name));

  async function run(): Promise<void> {
    isBusy.value = true;
    try {
      await whenSaved();
      const made = await startExport(requestOf(source, formats));
      newest.value = made.id;
      exports.value = [made, ...(exports.value ?? []).filter((other) => other.id !== made.id)];
      say(`Exported ${countOf(made.n_particles, "particle")} to ${made.folder}.`);
    } catch (problem) {
      sayProblem(problem);
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <div class="steps">
      <section aria-labelledby="handover-title">
        <h2 id="handover-title">Hand over</h2>
        <SourceChooser source={source} />
        <FormatChooser />
        <button
          type="button"
          class="primary wide"
          data-guide="export"
          disabled={isBusy.value || formats.length === 0}
          onClick={() => void run()}
        >
          {isBusy.value ? "Exporting …" : "Export"}
        </button>
        {formats.length === 0 && <p class="note">Choose at least one format.</p>}
      </section>
      {exports.value !== null && exports.value.length > 0 && (
        <section aria-labelledby="export-list-title">
          <h3 id="export-list-title">Exports</h3>
          {exports.value.map((made) => (
            <ExportCard key={made.id} made={made} isOpen={made.id === newest.value} />
          ))}
        </section>
      )}
    </div>
  );
}

function sourceOf(): string {
  const chosen = chosenSource.value;
  const isKnown = chosen === "labels" || pickSets.value.some((set) => set.id === chosen);
  return (isKnown ? chosen : null) ?? currentPicksId.value ?? "labels";
}

function requestOf(picks: string, formats: readonly Format[]): ExportRequest {
  const request: ExportRequest = { picks, formats: formats.map((format) => format.name), micrographs: null };
  if (projectRoot.value.trim() !== "") request.project_root = projectRoot.value.trim();
  if (micrographList.value.trim() !== "") request.micrograph_list = micrographList.value.trim();
  return request;
}

function SourceChooser({ source }: { source: string }): JSX.Element {
  const set = pickSets.value.find((each) => each.id === source);
  const n_labels = rows.value.reduce((sum, row) => sum + row.n_particles, 0);
  return (
    <>
      <select
        aria-label="What to export"
        value={source}
        onChange={(event) => (chosenSource.value = event.currentTarget.value)}
      >
        {pickSets.value.map((each) => (
          <option key={each.id} value={each.id}>
            {each.title}
          </option>
        ))}
        <option value="labels">{titleOf("labels")}</option>
      </select>
      <p class="note">
        {set === undefined
          ? `The ${countOf(n_labels, "labelled particle")}, nothing else.`
          : `Picks of ${countOf(set.n_micrographs, "micrograph")} with scores of ${set.selection.threshold.toFixed(2)} ` +
            "and more, as set in Review, with what you accepted and without what you rejected."}
      </p>
    </>
  );
}

function FormatChooser(): JSX.Element {
  const { main, others } = groupFormats(project.value?.formats ?? []);
  return (
    <fieldset class="formats">
      <legend>For</legend>
      {main.map((format) => (
        <FormatCard key={format.name} format={format} />
      ))}
      <details class="more">
        <summary>More formats and options</summary>
        {others.map((format) => (
          <FormatCard key={format.name} format={format} />
        ))}
        <label class="field">
          <span>Folder of the RELION project, if it is not found by itself</span>
          <input
            type="text"
            aria-label="Folder of the RELION project"
            value={projectRoot.value}
            onInput={(event) => (projectRoot.value = event.currentTarget.value)}
          />
        </label>
        <ListField />
      </details>
    </fieldset>
  );
}

function FormatCard({ format }: { format: Format }): JSX.Element {
  const isChosen = chosenFormats.value.includes(format.name);
  function choose(isWanted: boolean): void {
    const others = chosenFormats.value.filter((name) => name !== format.name);
    chosenFormats.value = isWanted ? [...others, format.name] : others;
  }
  return (
    <label class={isChosen ? "format-card is-chosen" : "format-card"}>
      <input
        type="checkbox"
        aria-label={programOf(format)}
        checked={isChosen}
        onChange={(event) => choose(event.currentTarget.checked)}
      />
      <span>
        <strong>{programOf(format)}</strong>
        <span class="note"> {describeFormat(format)}</span>
      </span>
    </label>
  );
}
