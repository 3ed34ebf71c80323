// Draws what lies over the micrograph: only what is in view.

import { CONFIRMED_BY_LABEL, REJECTED_BY_LABEL } from "../picks/corrected";
import type { DrawnPicks } from "../picks/judge";
import type { Kind, Labels, MicrographComparison, Region } from "../types";
import { HALO, N_STEPS, REGION, RULER, scoreStep } from "./colours";
import { Marks } from "./marks";
import { toScreen, type Point, type Projection } from "./projection";
import { labelKey, type Drag, type Stroke } from "./scene";

const LEAST_RADIUS = 2.5; // screen pixels
const UNKNOWN_RADIUS = 12; // screen pixels, while nobody has said the diameter

export interface Scene {
  diameter_px: number | null;
  labels: Labels | null;
  picks: DrawnPicks | null;
  pickStates: Uint8Array | null;
  lowestScore: number;
  showsLeftOut: boolean;
  showsBelow: boolean;
  comparison: MicrographComparison | null;
  regions: readonly Region[];
  drag: Drag | null;
  stroke: Stroke | null;
  hoveredPick: number; // or -1
  ruler: { from: Point; to: Point } | null;
  brush: (Point & { radius: number }) | null;
  crosshair: Point | null;
  flash: { x_px: number; y_px: number; strength: number } | null;
}

export class Overlay {
  private readonly context: CanvasRenderingContext2D;
  private readonly marks = new Marks();
  private width = 0;
  private height = 0;
  ratio = 1; // dots for one screen pixel

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
  }

  /** Screen pixels of the viewer; the canvas has as many dots as the screen. */
  resize(width: number, height: number): void {
    this.ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.marks.resize(this.canvas.width, this.canvas.height, this.ratio);
  }

  draw(projection: Projection | null, scene: Scene | null): void {
    this.context.clearRect(0, 0, this.width, this.height);
    if (!projection || !scene) return;
    this.marks.begin(this.radius(projection, scene));
    if (scene.comparison) this.addComparison(projection, scene, scene.comparison);
    else if (scene.picks && scene.pickStates) {
      this.addPicks(projection, scene, scene.picks, scene.pickStates);
    }
    if (scene.labels) this.addLabels(projection, scene, scene.labels);
    this.marks.finish(this.context);
    this.drawRegions(projection, scene.regions);
    this.drawPointer(projection, scene);
  }

  private radius({ scale }: Projection, { diameter_px }: Scene): number {
    if (diameter_px === null) return UNKNOWN_RADIUS;
    return Math.max(LEAST_RADIUS, (diameter_px / 2) * scale);
  }

  private isInView({ x, y }: Point, margin: number): boolean {
    return x > -margin && y > -margin && x < this.width + margin && y < this.height + margin;
  }

  private addPicks(
    projection: Projection, scene: Scene, picks: DrawnPicks, states: Uint8Array,
  ): void {
    const radius = this.radius(projection, scene);
    const kept: Point[][] = Array.from({ length: N_STEPS }, () => []);
    const leftOut: Point[] = [];
    const touched: Point[] = [];
    const highest = picks.score[0] ?? 1;
    for (let i = 0; i < picks.n; i++) {
      const state = states[i];
      if (state === CONFIRMED_BY_LABEL) continue; // its label is drawn
      const point = toScreen(projection, picks.x_px[i]!, picks.y_px[i]!);
      if (!this.isInView(point, radius)) continue;
      if (i === scene.hoveredPick || scene.stroke?.picks.has(i)) touched.push(point);
      if (state === 0) kept[scoreStep(picks.score[i]!, scene.lowestScore, highest)]!.push(point);
      else if (scene.showsLeftOut || state === REJECTED_BY_LABEL) leftOut.push(point);
    }
    if (scene.showsBelow) touched.push(...this.addBelow(projection, scene, picks));
    this.marks.add("leftOut", leftOut);
    kept.forEach((points, step) => this.marks.add(step, points));
    this.marks.add("touched", touched);
  }

  /** Candidates that do not reach the threshold; gives the one under the pointer, if any. */
  private addBelow(projection: Projection, scene: Scene, picks: DrawnPicks): Point[] {
    const radius = this.radius(projection, scene);
    const below: Point[] = [];
    const touched: Point[] = [];
    for (let i = picks.n; i < picks.score.length; i++) {
      const point = toScreen(projection, picks.x_px[i]!, picks.y_px[i]!);
      if (!this.isInView(point, radius)) continue;
      below.push(point);
      if (i === scene.hoveredPick) touched.push(point);
    }
    this.marks.add("below", below);
    return touched;
  }

  private addComparison(projection: Projection, scene: Scene, { a, b }: MicrographComparison): void {
    const radius = this.radius(projection, scene);
    const both: Point[] = [];
    for (const [set, look] of [[a, "onlyA"], [b, "onlyB"]] as const) {
      const alone: Point[] = [];
      set.x_px.forEach((x, i) => {
        const point = toScreen(projection, x, set.y_px[i]!);
        if (!this.isInView(point, radius)) return;
        if (!set.matched[i]) alone.push(point);
        else if (set === a) both.push(point); // b's partner is beside it
      });
      this.marks.add(look, alone);
    }
    this.marks.add("inBoth", both);
  }

  private addLabels(projection: Projection, scene: Scene, labels: Labels): void {
    const radius = this.radius(projection, scene);
    const groups: [Kind, readonly [number, number][]][] = [
      ["particle", labels.particles], ["negative", labels.negatives],
    ];
    for (const [kind, places] of groups) {
      const points: Point[] = [];
      const erased: Point[] = [];
      for (const [x, y] of places) {
        const { drag } = scene;
        const isDragged = drag?.kind === kind && drag.from[0] === x && drag.from[1] === y;
        const point = isDragged ? toScreen(projection, ...drag.to) : toScreen(projection, x, y);
        if (!this.isInView(point, radius)) continue;
        (scene.stroke?.labels.has(labelKey(kind, x, y)) ? erased : points).push(point);
      }
      this.marks.add(kind === "particle" ? "erasedParticle" : "erasedNegative", erased);
      this.marks.add(kind, points);
    }
  }

  private drawRegions(projection: Projection, regions: readonly Region[]): void {
    const { context } = this;
    context.setLineDash([8, 5]);
    context.strokeStyle = REGION;
    context.lineWidth = 2;
    for (const { x_px, y_px, width_px, height_px } of regions) {
      const { x, y } = toScreen(projection, x_px - 0.5, y_px - 0.5);
      context.strokeRect(x, y, width_px * projection.scale, height_px * projection.scale);
    }
    context.setLineDash([]);
  }

  private drawPointer(projection: Projection, scene: Scene): void {
    const { context } = this;
    const { brush, ruler, crosshair, flash } = scene;
    if (flash) {
      context.globalAlpha = flash.strength;
      const radius = this.radius(projection, scene) + 6 + 10 * flash.strength;
      this.drawRing(toScreen(projection, flash.x_px, flash.y_px), radius, "#ffffff", 3);
      context.globalAlpha = 1;
    }
    if (brush) this.drawRing(brush, brush.radius, "#ffffff", 1.25);
    if (crosshair) {
      const { x, y } = crosshair;
      this.drawLine(x - 9, y, x + 9, y, "#ffffff");
      this.drawLine(x, y - 9, x, y + 9, "#ffffff");
    }
    if (ruler) {
      const from = toScreen(projection, ruler.from.x, ruler.from.y);
      const to = toScreen(projection, ruler.to.x, ruler.to.y);
      this.drawLine(from.x, from.y, to.x, to.y, RULER);
      const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
      context.setLineDash([3, 4]);
      this.drawRing(middle, Math.hypot(to.x - from.x, to.y - from.y) / 2, RULER, 1.5);
      context.setLineDash([]);
    }
  }

  private drawRing({ x, y }: Point, radius: number, colour: string, width: number): void {
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.strokeOverHalo(colour, width);
  }

  private drawLine(x1: number, y1: number, x2: number, y2: number, colour: string): void {
    this.context.beginPath();
    this.context.moveTo(x1, y1);
    this.context.lineTo(x2, y2);
    this.strokeOverHalo(colour, 2);
  }

  private strokeOverHalo(colour: string, width: number): void {
    for (const [style, shown] of [[HALO, width + 2.5], [colour, width]] as const) {
      this.context.strokeStyle = style;
      this.context.lineWidth = shown;
      this.context.stroke();
    }
  }
}
