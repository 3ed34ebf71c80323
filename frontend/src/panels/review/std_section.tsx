import type { JSX } from "preact";

import { changeSelection } from "../../actions";
import { currentPickSet, selection } from "../../store";
import { HistogramChart } from "./histogram_chart";
import { rangeOf, roundStep } from "./histogram_scale";
import { histograms } from "./pick_figures";
import { countScale } from "./score_section";
import { handlesOf, isWithin, moveHandle } from "./std_range";
import { ValueSlider } from "./value_slider";

/** The range of local standard deviations: what lies outside is ice, carbon or an empty place. */
export function StdSection(): JSX.Element | null {
  const histogram = histograms.value?.std ?? null;
  if (histogram === null || histogram.counts.every((count) => count === 0)) return null;
  const range = selection.value;
  const [low, high] = rangeOf(histogram);
  const [lower, upper] = handlesOf(range, low, high);
  const step = roundStep(low, high, 1000);
  const standard = currentPickSet.value?.default;
  const isStandard = standard?.std_low === range.std_low && standard.std_high === range.std_high;
  const move = (handle: number, value: number) => changeSelection(moveHandle(range, handle, value, low, high));

  return (
    <section aria-labelledby="std-title">
      <h3 id="std-title">Local standard deviation</h3>
      <p class="note">
        How much the image varies around a pick. Contaminants and carbon vary more than particles do, empty places
        less.
      </p>
      <HistogramChart
        label="Histogram of local standard deviations"
        histogram={histogram}
        scale={countScale.value}
        handles={[
          { label: "Least", value: lower },
          { label: "Most", value: upper },
        ]}
        isKept={(value) => isWithin(value, range)}
        onMove={move}
      />
      <ValueSlider
        label="Least standard deviation"
        value={lower}
        low={Math.min(low, lower)}
        high={Math.max(high, lower)}
        step={step}
        onInput={(value) => move(0, value)}
      />
      <ValueSlider
        label="Most standard deviation"
        value={upper}
        low={Math.min(low, upper)}
        high={Math.max(high, upper)}
        step={step}
        onInput={(value) => move(1, value)}
      />
      {standard !== undefined && (
        <button
          type="button"
          class="link"
          disabled={isStandard}
          onClick={() => changeSelection({ std_low: standard.std_low, std_high: standard.std_high })}
        >
          Back to the model's range ({rangeText(standard.std_low, standard.std_high)})
        </button>
      )}
    </section>
  );
}

function rangeText(low: number | null, high: number | null): string {
  if (low === null && high === null) return "any";
  return `${low?.toFixed(2) ?? "any"} to ${high?.toFixed(2) ?? "any"}`;
}
