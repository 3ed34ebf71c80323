// The viewer: the micrograph, the marks over it, the tool bar, the scale bar, what is under the pointer.

import { effect, signal, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import {
  brushRadius, candidates, comparison, connectionProblem, currentName, drawnPicks, focus, info,
  infoProblem, labels, layers, regions, rowsLoaded, selection, tool, view,
} from "../store";
import { sayProblem } from "../toasts";
import { Corners, PickTip, RulerTip } from "./corners";
import { attachPointer, clickMiddle } from "./interaction";
import { attachKeyboard } from "./keyboard";
import { stage as currentStage } from "./looking";
import { Overlay, type Scene } from "./overlay";
import {
  drag, flash, hoveredPick, markDiameter_px, marksAreShown, pickStates, pointer, projection, ruler,
  stroke, viewerSize,
} from "./scene";
import { offerToScripts } from "./script_access";
import { Stage } from "./stage";
import { Toolbar } from "./toolbar";

const DISPLAY_MS = 150; // a slider's rest before tiles are asked for
const FLASH_MS = 1600;
const FOCUS_DIAMETERS = 12; // width of the view around a place one went to

/** The viewer was reached with the Tab key: a crosshair shows where Enter acts. */
const hasKeyFocus = signal(false);

function makeScene(hasFocus: boolean): Scene | null {
  if (!marksAreShown.value) return null;
  const isBrush = ["eraser", "accept", "reject"].includes(tool.value);
  const { width, height } = viewerSize.value;
  return {
    diameter_px: markDiameter_px.value,
    labels: layers.value.labels ? labels.value : null,
    picks: layers.value.picks ? drawnPicks.value : null,
    pickStates: pickStates.value,
    lowestScore: selection.value.threshold,
    showsLeftOut: layers.value.rejected,
    showsBelow: layers.value.below,
    comparison: comparison.value,
    regions: regions.value,
    drag: drag.value,
    stroke: stroke.value,
    hoveredPick: hoveredPick.value,
    ruler: ruler.value,
    brush: isBrush && pointer.value ? { ...pointer.value, radius: brushRadius.value } : null,
    crosshair: hasFocus ? { x: width / 2, y: height / 2 } : null,
    flash: flash.value,
  };
}

/** Builds the stage and the overlay; everything later follows the signals. */
function mount(host: HTMLElement, canvas: HTMLCanvasElement): () => void {
  const overlay = new Overlay(canvas);
  const draw = () => overlay.draw(projection.value, makeScene(hasKeyFocus.value));
  const onMove = () => {
    const { clientWidth: width, clientHeight: height } = host;
    const isResized = width !== viewerSize.peek().width || height !== viewerSize.peek().height;
    if (isResized || overlay.ratio !== window.devicePixelRatio) {
      overlay.resize(width, height);
      viewerSize.value = { width, height };
    }
    const now = stage.projection();
    const before = projection.peek();
    const isSame = now?.scale === before?.scale && now?.left === before?.left && now?.top === before?.top;
    if (!isSame) projection.value = now;
  };
  const stage = new Stage(host.querySelector<HTMLElement>(".stage")!, onMove, sayProblem);
  currentStage.value = stage;
  offerToScripts(host);

  const resizes = new ResizeObserver(onMove);
  resizes.observe(host);
  // A click gives the focus too, but whoever clicks needs no crosshair.
  host.addEventListener("focus", () => (hasKeyFocus.value = !host.matches(":active")));
  host.addEventListener("pointerdown", () => (hasKeyFocus.value = false), { capture: true });
  host.addEventListener("blur", () => (hasKeyFocus.value = false));

  let displayTimer: ReturnType<typeof setTimeout> | undefined;
  let lastDisplay = "";
  const stops = [
    attachPointer(canvas, stage),
    attachKeyboard(),
    effect(() => {
      const shown = info.value;
      clearTimeout(displayTimer);
      if (!shown) return stage.close();
      ruler.value = null;
      const { invert: _, ...display } = untracked(() => view.value);
      lastDisplay = JSON.stringify(display);
      stage.open(shown, display);
    }),
    effect(() => {
      const { invert, ...display } = view.value;
      stage.invert(invert);
      const text = JSON.stringify(display);
      if (text === lastDisplay) return;
      clearTimeout(displayTimer);
      displayTimer = setTimeout(() => {
        lastDisplay = text;
        stage.redisplay(display);
      }, DISPLAY_MS);
    }),
    effect(() => {
      const wanted = focus.value;
      if (!wanted || !info.value || !projection.value || wanted.name !== info.value.name) return;
      focus.value = null;
      const width_px = FOCUS_DIAMETERS * (markDiameter_px.peek() ?? 60);
      stage.goTo(wanted.x_px, wanted.y_px, width_px);
      startFlash(wanted.x_px, wanted.y_px);
    }),
    // Everything that a drawing depends on is read by it: a change of any draws again, in the
    // frame in which OpenSeadragon moved the micrograph.
    effect(draw),
  ];
  return () => {
    stops.forEach((stop) => stop());
    resizes.disconnect();
    currentStage.value = null;
    stage.destroy();
  };
}

function startFlash(x_px: number, y_px: number): void {
  const begin = performance.now();
  const step = () => {
    const strength = 1 - (performance.now() - begin) / FLASH_MS;
    flash.value = strength > 0 ? { x_px, y_px, strength } : null;
    if (strength > 0) requestAnimationFrame(step);
  };
  step();
}

export function Viewer() {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => mount(host.current!, canvas.current!), []);
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.target !== host.current) return;
    const { width, height } = viewerSize.value;
    clickMiddle({ x: width / 2, y: height / 2 });
    event.preventDefault();
  };
  return (
    <section class="viewer" aria-label="Micrograph">
      <Toolbar />
      <div
        class={`view tool-${tool.value} ${hasKeyFocus.value ? "has-key-focus" : ""}`}
        ref={host}
        tabIndex={0}
        role="application"
        aria-label={`Micrograph ${currentName.value ?? ""}: shift and arrows pan, plus and minus zoom, Enter uses the tool in the middle`}
        data-testid="view"
        onKeyDown={onKey}
      >
        <div class="stage" />
        <canvas class="marks" ref={canvas} />
        {infoProblem.value !== null && <p class="view-message" role="alert">{infoProblem.value}</p>}
        {!rowsLoaded.value && connectionProblem.value !== null && (
          <p class="view-message" role="alert">{connectionProblem.value}</p>
        )}
        {infoProblem.value === null && !info.value && currentName.value !== null && (
          <p class="view-message">Reading {currentName.value}…</p>
        )}
        <PickTip />
        <RulerTip />
        <Corners hasPicks={candidates.value !== null} />
      </div>
    </section>
  );
}
