// The page: micrographs on the left, the viewer in the middle, the steps of the work on the right.

import type { JSX } from "preact";

import { Boundary } from "./boundary";
import { MicrographList } from "./list/list";
import { ComparePanel } from "./panels/compare";
import { Gallery } from "./panels/gallery";
import { HandOverPanel } from "./panels/handover";
import { Help } from "./panels/help";
import { Guide } from "./panels/help/guide";
import { LabelPanel } from "./panels/label";
import { ReviewPanel } from "./panels/review";
import { TrainPanel } from "./panels/train";
import { StatusLine } from "./status";
import { galleryIsOpen, helpIsOpen, panel, type Panel } from "./store";
import { Toasts } from "./toast_list";
import { Viewer } from "./viewer/viewer";

const PANELS: { id: Panel; title: string; content: () => JSX.Element }[] = [
  { id: "label", title: "Label", content: LabelPanel },
  { id: "train", title: "Train", content: TrainPanel },
  { id: "review", title: "Review", content: ReviewPanel },
  { id: "compare", title: "Compare", content: ComparePanel },
  { id: "handover", title: "Hand over", content: HandOverPanel },
];

function stepTab(event: KeyboardEvent): void {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  const here = PANELS.findIndex(({ id }) => id === panel.value);
  const next = PANELS[(here + step + PANELS.length) % PANELS.length]!.id;
  panel.value = next;
  document.getElementById(`tab-${next}`)?.focus();
}

function Panels() {
  const shown = PANELS.find(({ id }) => id === panel.value) ?? PANELS[0]!;
  const Content = shown.content;
  return (
    <aside class="panels" aria-label="Steps">
      <div class="tabs" role="tablist" aria-label="Steps" onKeyDown={stepTab}>
        {PANELS.map(({ id, title }) => (
          <button
            type="button"
            key={id}
            id={`tab-${id}`}
            role="tab"
            aria-selected={id === shown.id}
            aria-controls="panel"
            tabIndex={id === shown.id ? 0 : -1}
            onClick={() => (panel.value = id)}
          >
            {title}
          </button>
        ))}
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby={`tab-${shown.id}`} key={shown.id}>
        <Boundary>
          <Content />
        </Boundary>
      </div>
      <Guide />
    </aside>
  );
}

export function Shell() {
  return (
    <div class="page">
      <MicrographList />
      <main class="centre">
        {/* The viewer stays alive behind the gallery, so that coming back is instant. */}
        <Viewer />
        {galleryIsOpen.value && (
          <Boundary>
            <Gallery />
          </Boundary>
        )}
      </main>
      <Panels />
      <StatusLine />
      <Toasts />
      {helpIsOpen.value && <Help />}
    </div>
  );
}
