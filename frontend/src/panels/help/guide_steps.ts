// The first-run guide: five steps from an empty folder to coordinates.

import type { Panel, Tool } from "../../store";
import { TOOLS } from "../../viewer/tools";
import { goodStart } from "../train/readiness";

export interface GuideStep {
  title: string;
  text: string;
  /** The control that the step is about. */
  target: string;
  /** What the step's button does. */
  action: { text: string; panel?: Panel; tool?: Tool };
}

const toolButton = (tool: Tool) => `[role="toolbar"] [aria-label="${TOOLS.find((entry) => entry.tool === tool)!.name}"]`;
const panelTab = (panel: Panel) => `#tab-${panel}`;

export const guideSteps: readonly GuideStep[] = [
  {
    title: "Say how large the particle is",
    text: "Zoom in with the wheel. Draw a line across a particle with the ruler, or type its diameter in Label.",
    target: toolButton("ruler"),
    action: { text: "Take the ruler", panel: "label", tool: "ruler" },
  },
  {
    title: `Click about ${goodStart} particles`,
    text: "Click their centres. Different views and two or three micrographs help; you need not find all.",
    target: toolButton("particle"),
    action: { text: "Add particles", panel: "label", tool: "particle" },
  },
  {
    title: "Train",
    text: "First picks appear within seconds, better ones after about a minute.",
    target: panelTab("train"),
    action: { text: "Go to Train", panel: "train" },
  },
  {
    title: "Review and correct",
    text: "Move the threshold. Click picks to reject or accept them, here or in the gallery; then train again: it learns from them.",
    target: panelTab("review"),
    action: { text: "Go to Review", panel: "review", tool: "select" },
  },
  {
    title: "Pick everything and hand over",
    text: "Pick all micrographs in Train. Then export the coordinates for RELION, cryoSPARC or EMAN2.",
    target: panelTab("handover"),
    action: { text: "Go to Hand over", panel: "handover" },
  },
];

export interface Progress {
  hasDiameter: boolean;
  n_particles: number;
  hasPicks: boolean;
}

/** Whether a step (0 to 4) is done; the last two have no end. */
export function isDone(step: number, progress: Progress): boolean {
  if (step === 0) return progress.hasDiameter;
  if (step === 1) return progress.n_particles >= goodStart;
  if (step === 2) return progress.hasPicks;
  return false;
}
