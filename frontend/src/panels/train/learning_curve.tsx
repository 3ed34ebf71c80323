import type { JSX } from "preact";

import type { CurvePoint } from "../../types";
import { dotsOf, highestLoss, newestOf, pathOf, placeCurve, placeStages, type PlacedPoint } from "./curve_geometry";

const width = 300;
const height = 90;

/** Loss (left scale) and accuracy (right scale, 50 to 100 %) while a network learns. */
export function LearningCurve({ curve }: { curve: CurvePoint[] }): JSX.Element | null {
  const last = curve[curve.length - 1];
  if (last === undefined) return null;
  const topLoss = highestLoss(curve);
  const loss = placeCurve(curve, "loss", width, height, 0, topLoss);
  const accuracy = placeCurve(curve, "accuracy", width, height, 0.5, 1);
  const valid = placeCurve(curve, "valid_accuracy", width, height, 0.5, 1);
  const stages = placeStages(curve, width);
  const accuracyNow = newestOf(curve, "accuracy");
  const validNow = newestOf(curve, "valid_accuracy");
  return (
    <figure class="learning-curve">
      <svg
        role="img"
        aria-label={`Learning curve: loss ${last.loss.toFixed(3)} at step ${last.step} of ${last.n_steps}`}
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        height={height}
        preserveAspectRatio="none"
      >
        {[0.25, 0.5, 0.75].map((fraction) => (
          <line key={fraction} class="curve-grid" x1={0} x2={width} y1={height * fraction} y2={height * fraction} />
        ))}
        {stages.slice(1).map((stage) => (
          <line key={stage.name} class="curve-stage" x1={stage.x} x2={stage.x} y1={0} y2={height} />
        ))}
        <Line of="loss" points={loss} />
        <Line of="accuracy" points={accuracy} />
        <Line of="valid" points={valid} />
      </svg>
      <figcaption class="curve-legend">
        <span class="curve-key curve-key-loss">loss {last.loss.toFixed(3)}</span>
        {accuracyNow !== null && (
          <span class="curve-key curve-key-accuracy">accuracy {(accuracyNow * 100).toFixed(1)} %</span>
        )}
        {validNow !== null && (
          <span class="curve-key curve-key-valid">on held-out labels {(validNow * 100).toFixed(1)} %</span>
        )}
        <span class="curve-step">
          step {last.step} of {last.n_steps}
        </span>
      </figcaption>
    </figure>
  );
}

/** A line; where there are few points, each is marked, or a first one alone would not be seen. */
function Line({ of, points }: { of: string; points: PlacedPoint[] }): JSX.Element | null {
  if (points.length === 0) return null;
  return (
    <g class={`curve-${of}`}>
      <path d={pathOf(points)} />
      {points.length < 30 && <path class="curve-dots" d={dotsOf(points)} />}
    </g>
  );
}
