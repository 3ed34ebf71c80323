// The tools, their keys and what they say of themselves.

import type { IconName } from "../icons";
import type { Tool } from "../store";

export interface ToolEntry {
  tool: Tool;
  icon: IconName;
  name: string;
  short: string; // under the icon
  key: string;
  hint: string;
}

export const TOOLS: readonly ToolEntry[] = [
  { tool: "select", icon: "select", name: "Select and pan", short: "Pan", key: "v",
    hint: "Drag to pan, wheel to zoom. In Review, click a pick to reject it or to accept it." },
  { tool: "particle", icon: "particle", name: "Add particles", short: "Particle", key: "a",
    hint: "Click the centre of a particle. Drag a label to move it, right-click it to delete it." },
  { tool: "negative", icon: "negative", name: "Not a particle", short: "No particle", key: "n",
    hint: "Click what looks like a particle and is none: ice, carbon, an aggregate." },
  { tool: "eraser", icon: "eraser", name: "Erase labels", short: "Erase", key: "e",
    hint: "Drag over labels to delete them. [ and ] change the size." },
  { tool: "accept", icon: "accept", name: "Accept picks", short: "Accept", key: "y",
    hint: "Drag over picks to confirm them as particles. [ and ] change the size." },
  { tool: "reject", icon: "reject", name: "Reject picks", short: "Reject", key: "x",
    hint: "Drag over picks to say that they are no particles. [ and ] change the size." },
  { tool: "ruler", icon: "ruler", name: "Measure", short: "Measure", key: "r",
    hint: "Drag across a particle to measure its diameter." },
];

export const SMALLEST_BRUSH = 6; // screen pixels
export const LARGEST_BRUSH = 160;

export function clampBrush(radius: number): number {
  return Math.round(Math.min(Math.max(radius, SMALLEST_BRUSH), LARGEST_BRUSH));
}
