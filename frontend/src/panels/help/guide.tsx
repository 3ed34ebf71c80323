import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { kept } from "../../settings";
import { panel, pickSets, project, rows, tool } from "../../store";
import { countLabels } from "../train/readiness";
import { guideSteps, isDone, type Progress } from "./guide_steps";
import "./help.css";

interface GuideState {
  isOpen: boolean;
  step: number;
}
const guide = kept<GuideState>("guide", { isOpen: true, step: 0 });

/** Shows the first steps again, from the first one. */
export function openGuide(): void {
  guide.value = { isOpen: true, step: 0 };
}

function progressNow(): Progress {
  const known = project.value;
  return {
    hasDiameter: known !== null && (known.diameter_px !== null || known.diameter_angstrom !== null),
    n_particles: countLabels(rows.value).n_particles,
    hasPicks: pickSets.value.length > 0,
  };
}

/** The first steps, one at a time, below the panel: it covers nothing. */
export function Guide(): JSX.Element | null {
  const { isOpen, step } = guide.value;
  const shown = guideSteps[step];
  if (!isOpen || shown === undefined || project.value === null) return null;
  const close = () => (guide.value = { isOpen: false, step: 0 });
  const go = (offset: number) => (guide.value = { isOpen: true, step: step + offset });
  const done = isDone(step, progressNow());
  const isLast = step === guideSteps.length - 1;

  function act(): void {
    if (shown?.action.panel !== undefined) panel.value = shown.action.panel;
    if (shown?.action.tool !== undefined) tool.value = shown.action.tool;
  }

  return (
    <section class="guide" aria-label="First steps">
      <header class="section-head">
        <span class="note">
          First steps: {step + 1} of {guideSteps.length}
        </span>
        <button type="button" class="quiet" aria-label="Close the first steps" onClick={close}>
          ×
        </button>
      </header>
      <p role="status">
        <strong>{shown.title}</strong>
        {done && <span class="good-text"> ✓ done</span>}
      </p>
      <p>{shown.text}</p>
      <div class="buttons">
        {!done && (
          <button type="button" onClick={act}>
            {shown.action.text}
          </button>
        )}
        {step > 0 && (
          <button type="button" class="quiet" onClick={() => go(-1)}>
            Back
          </button>
        )}
        <button type="button" class={done ? "primary" : "quiet"} onClick={isLast ? close : () => go(1)}>
          {isLast ? "Finish" : "Next"}
        </button>
      </div>
      <Pointer target={shown.target} />
    </section>
  );
}

/** A ring around the control that a step is about. */
function Pointer({ target }: { target: string }): JSX.Element | null {
  const place = useSignal<DOMRect | null>(null);
  useEffect(() => {
    const look = () => (place.value = document.querySelector(target)?.getBoundingClientRect() ?? null);
    look();
    // The page moves when panels change and windows are resized: looked at now and then, it costs nothing.
    const timer = setInterval(look, 500);
    window.addEventListener("resize", look);
    return () => {
      clearInterval(timer);
      window.removeEventListener("resize", look);
    };
  }, [target]);
  if (place.value === null || place.value.width === 0) return null;
  const { left, top, width, height } = place.value;
  return (
    <div
      class="guide-pointer"
      aria-hidden="true"
      style={{ left: `${left - 3}px`, top: `${top - 3}px`, width: `${width + 6}px`, height: `${height + 6}px` }}
    />
  );
}
