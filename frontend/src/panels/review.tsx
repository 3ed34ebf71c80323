import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { openPickSet } from "../actions";
import { countOf } from "../numbers";
import { currentPicksId, currentPickSet, galleryIsOpen, layers, panel, pickSets, tool } from "../store";
import { sayProblem } from "../toasts";
import { CountSection } from "./review/count_section";
import { watchPickFigures } from "./review/pick_figures";
import { ScoreSection } from "./review/score_section";
import { StdSection } from "./review/std_section";
import { SuggestionSection } from "./review/suggestion_section";
import "./panel_parts.css";
import "./review/review.css";

/** Which picks are kept: moved by hand, counted at once, and corrected one by one. */
export function ReviewPanel(): JSX.Element {
  useEffect(() => watchPickFigures(), []);
  if (pickSets.value.length === 0) return <NothingToReview />;
  return (
    <div class="steps">
      <section aria-labelledby="review-title">
        <h2 id="review-title">Review</h2>
        <PickSetChooser />
      </section>
      {currentPickSet.value !== null && (
        <>
          <ScoreSection />
          <CountSection />
          <CorrectSection />
          <StdSection />
          {/* A model alone has doubts that can be asked for. */}
          {currentPickSet.value.kind === "model" && <SuggestionSection />}
        </>
      )}
    </div>
  );
}

function NothingToReview(): JSX.Element {
  return (
    <div class="steps">
      <h2>Review</h2>
      <p>There are no picks yet. Train a network, or import the picks of another program in Compare.</p>
      <button type="button" onClick={() => (panel.value = "train")}>
        Go to Train
      </button>
    </div>
  );
}

function PickSetChooser(): JSX.Element {
  return (
    <>
      <select
        aria-label="Picks to review"
        title={currentPickSet.value?.title}
        value={currentPicksId.value ?? ""}
        onChange={(event) => openPickSet(event.currentTarget.value || null).catch(sayProblem)}
      >
        {currentPicksId.value === null && <option value="">choose …</option>}
        {pickSets.value.map((set) => (
          <option key={set.id} value={set.id}>
            {set.title}
          </option>
        ))}
      </select>
      {currentPickSet.value !== null && (
        <p class="note">Picks of {countOf(currentPickSet.value.n_micrographs, "micrograph")}</p>
      )}
    </>
  );
}

function CorrectSection(): JSX.Element {
  const show = (changes: Partial<typeof layers.value>) => (layers.value = { ...layers.value, ...changes });
  return (
    <section aria-labelledby="correct-title">
      <h3 id="correct-title">Correct</h3>
      <p class="note">{correctionHint()}</p>
      <div class="buttons">
        {!["select", "accept", "reject"].includes(tool.value) && (
          <button type="button" onClick={() => (tool.value = "select")}>
            Click picks
          </button>
        )}
        <button type="button" aria-pressed={galleryIsOpen.value} onClick={() => (galleryIsOpen.value = true)}>
          Gallery of boxes
        </button>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={layers.value.picks}
          onChange={(event) => show({ picks: event.currentTarget.checked })}
        />
        Show picks, coloured by score
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={layers.value.rejected}
          onChange={(event) => show({ rejected: event.currentTarget.checked })}
        />
        Show what is left out, dashed
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={layers.value.below}
          onChange={(event) => show({ below: event.currentTarget.checked })}
        />
        Show what is below, dotted
      </label>
    </section>
  );
}

function correctionHint(): string {
  if (tool.value === "reject") return "Click a pick, or draw over several: they become “not a particle”.";
  if (tool.value === "accept") return "Click a pick, or draw over several: they become labelled particles.";
  return (
    "Click a pick to reject it, one that is dashed or dotted to accept it; again takes it back. Many at once: with the " +
    "brushes Accept and Reject, or in the gallery. All of it is learnt from at the next training."
  );
}
