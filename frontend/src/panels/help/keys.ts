// What the keyboard and the pointer do, for the sheet of keys.

import { TOOLS } from "../../viewer/tools";

export interface KeyGroup {
  title: string;
  keys: { keys: string[]; what: string }[];
}

export const keyGroups: readonly KeyGroup[] = [
  {
    title: "Tools",
    keys: TOOLS.map((entry) => ({ keys: [entry.key.toUpperCase()], what: entry.name })).concat([
      { keys: ["[", "]"], what: "Smaller, larger brush" },
    ]),
  },
  {
    title: "Looking",
    keys: [
      { keys: ["Wheel", "+", "−"], what: "Zoom" },
      { keys: ["Space", "drag"], what: "Pan with any tool" },
      { keys: ["Shift", "arrows"], what: "Pan" },
      { keys: ["F"], what: "The whole micrograph" },
      { keys: ["1"], what: "One pixel on one pixel" },
      { keys: ["H"], what: "Hide or show all marks" },
      { keys: ["↑", "↓"], what: "Micrograph before, after" },
    ],
  },
  {
    title: "Labels",
    keys: [
      { keys: ["Click"], what: "Add a label" },
      { keys: ["Drag"], what: "Move a label" },
      { keys: ["Right click"], what: "Delete a label" },
      { keys: ["Ctrl", "Z"], what: "Undo" },
      { keys: ["Ctrl", "Shift", "Z"], what: "Redo" },
    ],
  },
  {
    title: "Gallery",
    keys: [
      { keys: ["Arrows"], what: "Go from box to box" },
      { keys: ["Shift", "arrows"], what: "Select several" },
      { keys: ["Ctrl", "A"], what: "Select all of the page" },
      { keys: ["X"], what: "Reject, or take it back" },
      { keys: ["Space"], what: "Accept, or take it back" },
      { keys: ["Enter"], what: "Go to it on the micrograph" },
      { keys: ["Esc"], what: "Select none, then close" },
    ],
  },
];
