// Our own small pictures for buttons, drawn on 20 × 20.

import type { ComponentChildren } from "preact";

const DRAWINGS = {
  select: <path d="M5 3l10 8-4.6.7 2.5 4.8-2.1 1-2.4-4.8L5 16z" />,
  particle: (
    <>
      <circle cx="10" cy="10" r="6.5" />
      <path d="M10 7v6M7 10h6" />
    </>
  ),
  negative: (
    <>
      <circle cx="10" cy="10" r="6.5" />
      <path d="M5.6 5.6l8.8 8.8M14.4 5.6l-8.8 8.8" />
    </>
  ),
  eraser: <path d="M3.5 12.5l7-8 5.5 5-6 7H7zM7.5 8l5.5 5M9 16.5h8" />,
  accept: <path d="M4 10.5l4 4.5 8-10" />,
  reject: <path d="M5 5l10 10M15 5L5 15" />,
  ruler: <path d="M3 13.5L13.5 3 17 6.5 6.5 17zM6.5 10l1.8 1.8M9 7.5l2.5 2.5M11.5 5l1.8 1.8" />,
  undo: <path d="M7 4L3.5 7.5 7 11M4 7.5h7.5a4.5 4.5 0 010 9H8" />,
  redo: <path d="M13 4l3.5 3.5L13 11M16 7.5H8.5a4.5 4.5 0 000 9H12" />,
  fit: <path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4" />,
  contrast: (
    <>
      <circle cx="10" cy="10" r="6.5" />
      <path d="M10 3.5a6.5 6.5 0 010 13z" fill="currentColor" />
    </>
  ),
  eye: (
    <>
      <path d="M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.5S2 10 2 10z" />
      <circle cx="10" cy="10" r="2.4" />
    </>
  ),
  help: (
    <>
      <circle cx="10" cy="10" r="7" />
      <path d="M7.8 8a2.2 2.2 0 113.2 2c-.7.4-1 .8-1 1.5M10 14v.3" />
    </>
  ),
} satisfies Record<string, ComponentChildren>;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 20 20"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {DRAWINGS[name]}
    </svg>
  );
}
