import type { JSX } from "preact";

import { changeSelection } from "../../actions";
import { kept } from "../../settings";
import { candidates, currentPickSet, selection } from "../../store";
import { SCORE_COLOURS, scoreStep } from "../../viewer/colours";
import { HistogramChart } from "./histogram_chart";
import { rangeOf, roundStep, type CountScale } from "./histogram_scale";
import { histograms } from "./pick_figures";
import { ValueSlider } from "./value_slider";

export const countScale = kept<CountScale>("count-scale", "sqrt");

/** The threshold: histogram of scores, slider, and the way back to the model's own. */
export function ScoreSection(): JSX.Element {
  const histogram = histograms.value?.score ?? null;
  const { threshold } = selection.value;
  const [low, high] = rangeOf(histogram);
  // As on the micrograph: from the threshold to its best pick.
  const best = candidates.value?.score[0] ?? high;
  const step = roundStep(low, high, 1000);
  const standard = currentPickSet.value?.default.threshold ?? null;
  const isStandard = standard === null || Math.abs(standard - threshold) < step / 2;

  return (
    <section aria-labelledby="score-title">
      <header class="section-head">
        <h3 id="score-title">Score</h3>
        <label class="inline-field">
          Counts
          <select
            aria-label="Scale of the counts"
            value={countScale.value}
            onChange={(event) => (countScale.value = event.currentTarget.value as CountScale)}
          >
            <option value="sqrt">square root</option>
            <option value="log">logarithm</option>
            <option value="linear">as they are</option>
          </select>
        </label>
      </header>
      <HistogramChart
        label="Histogram of scores"
        histogram={histogram}
        scale={countScale.value}
        handles={[{ label: "Threshold", value: threshold }]}
        isKept={(score) => score >= threshold}
        colourOf={(score) => SCORE_COLOURS[scoreStep(score, threshold, best)]!}
        onMove={(_, value) => changeSelection({ threshold: value })}
      />
      <ValueSlider
        label="Threshold"
        value={threshold}
        low={Math.min(low, threshold)}
        high={Math.max(high, threshold)}
        step={step}
        onInput={(value) => changeSelection({ threshold: value })}
      />
      {standard !== null && (
        <button
          type="button"
          class="link"
          disabled={isStandard}
          onClick={() => changeSelection({ threshold: standard })}
        >
          {currentPickSet.value?.kind === "imported" ? "Back to all picks" : "Back to the model's threshold"} (
          {standard.toFixed(2)})
        </button>
      )}
    </section>
  );
}
