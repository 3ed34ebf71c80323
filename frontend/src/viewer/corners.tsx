// What lies over the corners of the viewer: scale bar, place, legend; and tips beside marks.

import { changeProject } from "../actions";
import { CONFIRMED_BY_LABEL, REJECTED_BY_LABEL, STATE_TEXT } from "../picks/corrected";
import {
  comparison, drawnPicks, info, labels, layers, pixelSize_angstrom, project, selection, tool,
} from "../store";
import { say, sayProblem } from "../toasts";
import { SCORE_COLOURS } from "./colours";
import { describeLength, makeScaleBar } from "./lengths";
import { toMicrograph, toScreen } from "./projection";
import { clickJudges, hoveredPick, marksAreShown, pointer, projection, ruler, stateOfPick } from "./scene";

const LONGEST_BAR = 160; // screen pixels

function ScaleBar() {
  const where = projection.value;
  if (!where) return null;
  const { length_px, text } = makeScaleBar(LONGEST_BAR / where.scale, pixelSize_angstrom.value);
  return (
    <div class="scale-bar" data-testid="scale-bar">
      <span>{text}</span>
      <div class="scale-line" style={{ width: `${length_px * where.scale}px` }} />
    </div>
  );
}

function Place() {
  const where = projection.value;
  if (!where || !info.value) return null;
  const at = pointer.value && toMicrograph(where, pointer.value);
  const zoom = `${(100 * where.scale).toFixed(where.scale < 0.1 ? 1 : 0)} %`;
  return (
    <div class="place">
      {at && `x ${Math.round(at.x)}  y ${Math.round(at.y)} px · `}
      {zoom}
    </div>
  );
}

function Legend({ hasPicks }: { hasPicks: boolean }) {
  if (!marksAreShown.value) return <div class="legend">Marks are hidden (h)</div>;
  const shown = labels.value;
  const compares = comparison.value !== null;
  return (
    <div class="legend" data-testid="legend">
      {compares && (
        <>
          <span class="key key-only-a">only A</span>
          <span class="key key-only-b">only B</span>
          <span class="key key-both">both</span>
        </>
      )}
      {shown && shown.particles.length > 0 && <span class="key key-particle">particle</span>}
      {shown && shown.negatives.length > 0 && <span class="key key-negative">not a particle</span>}
      {hasPicks && !compares && (
        <>
          <span class="key key-pick">
            pick
            <span class="ramp" aria-hidden="true">
              {SCORE_COLOURS.map((colour) => (
                <i key={colour} style={{ background: colour }} />
              ))}
            </span>
            low to high score
          </span>
          <span class="key key-left-out">left out</span>
          {layers.value.below && <span class="key key-below">below the threshold</span>}
        </>
      )}
    </div>
  );
}

export function Corners({ hasPicks }: { hasPicks: boolean }) {
  return (
    <>
      <div class="corner-left">
        <ScaleBar />
      </div>
      <div class="corner-right">
        <Legend hasPicks={hasPicks} />
        <Place />
      </div>
    </>
  );
}

/** Score and reason of the pick under the pointer. */
export function PickTip() {
  const i = hoveredPick.value;
  const picks = drawnPicks.value;
  const where = projection.value;
  if (i < 0 || !picks || !where || !marksAreShown.value) return null;
  const state = stateOfPick(i);
  const point = toScreen(where, picks.x_px[i]!, picks.y_px[i]!);
  const radius = (picks.diameter_px / 2) * where.scale;
  const std = picks.std[i] ?? null;
  const isJudged = state === REJECTED_BY_LABEL || state === CONFIRMED_BY_LABEL;
  const canClick = tool.value === "select" && clickJudges.value;
  return (
    <div class="tip" style={{ left: `${point.x + radius + 8}px`, top: `${point.y}px` }} role="tooltip">
      score {picks.score[i]?.toFixed(3) ?? "unknown"}
      {std !== null && <> · deviation {std.toFixed(2)}</>}
      <br />
      <strong>{STATE_TEXT[state]}</strong>
      {state === 2 && (
        <> (allowed {selection.value.std_low?.toFixed(2) ?? "any"} to {selection.value.std_high?.toFixed(2) ?? "any"})</>
      )}
      {canClick && <div class="tip-hint">Click to {state === 0 ? "reject" : isJudged ? "take that back" : "accept"}</div>}
    </div>
  );
}

async function useAsDiameter(length_px: number): Promise<void> {
  const size = pixelSize_angstrom.value;
  try {
    if (size !== null) await changeProject({ diameter_angstrom: Math.round(length_px * size) });
    else await changeProject({ diameter_px: Math.round(length_px) });
    ruler.value = null;
    tool.value = "particle";
    say(`The particle diameter is now ${describeLength(length_px, size)}.`);
  } catch (problem) {
    sayProblem(problem);
  }
}

export function RulerTip() {
  const line = ruler.value;
  const where = projection.value;
  if (!line || !where || !project.value) return null;
  const length_px = Math.hypot(line.to.x - line.from.x, line.to.y - line.from.y);
  const end = toScreen(where, line.to.x, line.to.y);
  return (
    <div class="tip tip-ruler" style={{ left: `${end.x + 14}px`, top: `${end.y}px` }}>
      <span data-testid="ruler-length">{describeLength(length_px, pixelSize_angstrom.value)}</span>
      <button type="button" onClick={() => void useAsDiameter(length_px)}>Use as diameter</button>
    </div>
  );
}
