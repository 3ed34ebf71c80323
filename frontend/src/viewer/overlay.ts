// Draws the marks over the micrograph: only what is in view, in few strokes, for thousands of them.

import type { DrawnPicks } from "../picks/judge";
import { CONFIRMED_BY_LABEL, REJECTED_BY_LABEL } from "../picks/corrected";
import type { ComparedPicks, Labels, MicrographComparison, Region } from "../types";
import {
  HALO, LEFT_OUT, NEGATIVE, N_STEPS, PARTICLE, REGION, RULER, SCORE_COLOURS, scoreStep, SET_A, SET_B,
} from "./colours";
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
  private width = 0;
  private height = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
  }

  /** Screen pixels of the viewer; the canvas has as many dots as the screen. */
  resize(width: number, height: number): void {
    const ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  draw(projection: Projection | null, scene: Scene | null): void {
    const { context } = this;
    context.clearRect(0, 0, this.width, this.height);
    if (!projection || !scene) return;
    this.drawRegions(projection, scene.regions);
    if (scene.comparison) this.drawComparison(projection, scene);
    else this.drawPicks(projection, scene);
    this.drawLabels(projection, scene);
    this.drawPointer(projection, scene);
  }

  private radius({ scale }: Projection, scene: Scene): number {
    if (scene.diameter_px === null) return UNKNOWN_RADIUS;
    return Math.max(LEAST_RADIUS, (scene.diameter_px / 2) * scale);
  }

  private isInView({ x, y }: Point, margin: number): boolean {
    return (
      x > -margin && y > -margin && x < this.width + margin && y < this.height + margin
    );
  }

  /** Circles in one path: a single stroke, however many there are. */
  private strokeCircles(points: readonly Point[], radius: number, colour: string, width: number): void {
    if (points.length === 0) return;
    const { context } = this;
    context.beginPath();
    for (const { x, y } of points) {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  private drawPicks(projection: Projection, scene: Scene): void {
    const { picks, pickStates } = scene;
    if (!picks || !pickStates) return;
    const radius = this.radius(projection, scene);
    const kept: Point[][] = Array.from({ length: N_STEPS }, () => []);
    const leftOut: Point[] = [];
    const touched: Point[] = [];
    const highest = picks.score[0] ?? 1;
    for (let i = 0; i < picks.n; i++) {
      const state = pickStates[i];
      if (state === CONFIRMED_BY_LABEL) continue; // its label is drawn
      const point = toScreen(projection, picks.x_px[i]!, picks.y_px[i]!);
      if (!this.isInView(point, radius)) continue;
      if (scene.stroke?.picks.has(i)) touched.push(point);
      if (state === 0) kept[scoreStep(picks.score[i]!, scene.lowestScore, highest)]!.push(point);
      else if (scene.showsLeftOut || state === REJECTED_BY_LABEL) leftOut.push(point);
    }
    const { context } = this;
    context.setLineDash([5, 4]);
    this.strokeCircles(leftOut, radius, HALO, 3.5);
    this.strokeCircles(leftOut, radius, LEFT_OUT, 1.5);
    context.setLineDash([]);
    const isLarge = radius > 6;
    for (const points of kept) this.strokeCircles(points, radius, HALO, isLarge ? 3.5 : 2.5);
    kept.forEach((points, step) =>
      this.strokeCircles(points, radius, SCORE_COLOURS[step]!, isLarge ? 1.75 : 1.25),
    );
    this.strokeCircles(touched, radius + 3, "#ffffff", 2);
    if (scene.hoveredPick >= 0 && scene.hoveredPick < picks.n) {
      const i = scene.hoveredPick;
      const point = toScreen(projection, picks.x_px[i]!, picks.y_px[i]!);
      this.strokeCircles([point], radius + 2.5, "#ffffff", 1.5);
    }
  }

  private drawComparison(projection: Projection, scene: Scene): void {
    const { a, b } = scene.comparison!;
    const radius = this.radius(projection, scene);
    const split = ({ x_px, y_px, matched }: ComparedPicks) => {
      const both: Point[] = [];
      const alone: Point[] = [];
      x_px.forEach((x, i) => {
        const point = toScreen(projection, x, y_px[i]!);
        if (this.isInView(point, radius)) (matched[i] ? both : alone).push(point);
      });
      return { both, alone };
    };
    const [first, second] = [split(a), split(b)];
    this.strokeCircles(first.both, radius, "#ffffff", 1);
    this.strokeCircles([...first.alone, ...second.alone], radius, HALO, 4);
    this.strokeCircles(first.alone, radius, SET_A, 2);
    this.context.setLineDash([6, 3]);
    this.strokeCircles(second.alone, radius, SET_B, 2);
    this.context.setLineDash([]);
  }

  private drawLabels(projection: Projection, scene: Scene): void {
    if (!scene.labels) return;
    const radius = this.radius(projection, scene);
    const { context } = this;
    for (const kind of ["particle", "negative"] as const) {
      const places = kind === "particle" ? scene.labels.particles : scene.labels.negatives;
      const points: Point[] = [];
      const faded: Point[] = [];
      for (const [x, y] of places) {
        const { drag } = scene;
        const isDragged = drag?.kind === kind && drag.from[0] === x && drag.from[1] === y;
        const point = toScreen(projection, ...((isDragged ? drag.to : [x, y]) as [number, number]));
        if (!this.isInView(point, radius)) continue;
        (scene.stroke?.labels.has(labelKey(kind, x, y)) ? faded : points).push(point);
      }
      context.globalAlpha = 0.35;
      this.drawLabel(kind, faded, radius);
      context.globalAlpha = 1;
      this.drawLabel(kind, points, radius);
    }
  }

  private drawLabel(kind: "particle" | "negative", points: readonly Point[], radius: number): void {
    if (points.length === 0) return;
    const { context } = this;
    const colour = kind === "particle" ? PARTICLE : NEGATIVE;
    this.strokeCircles(points, radius, HALO, 4.5);
    this.strokeCircles(points, radius, colour, 2.25);
    context.beginPath();
    for (const { x, y } of points) {
      if (kind === "negative") {
        const arm = radius * Math.SQRT1_2;
        context.moveTo(x - arm, y - arm);
        context.lineTo(x + arm, y + arm);
        context.moveTo(x + arm, y - arm);
        context.lineTo(x - arm, y + arm);
      } else if (radius > 5) {
        context.moveTo(x + 1.5, y);
        context.arc(x, y, 1.5, 0, 2 * Math.PI);
      }
    }
    context.lineWidth = 2;
    context.stroke();
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
      const point = toScreen(projection, flash.x_px, flash.y_px);
      context.globalAlpha = flash.strength;
      this.strokeCircles([point], this.radius(projection, scene) + 6 + 10 * flash.strength, "#ffffff", 3);
      context.globalAlpha = 1;
    }
    if (brush) {
      this.strokeCircles([brush], brush.radius, HALO, 3);
      this.strokeCircles([brush], brush.radius, "#ffffff", 1.25);
    }
    if (crosshair) this.drawLines([[crosshair.x - 9, crosshair.y, crosshair.x + 9, crosshair.y],
      [crosshair.x, crosshair.y - 9, crosshair.x, crosshair.y + 9]], "#ffffff");
    if (ruler) {
      const from = toScreen(projection, ruler.from.x, ruler.from.y);
      const to = toScreen(projection, ruler.to.x, ruler.to.y);
      this.drawLines([[from.x, from.y, to.x, to.y]], RULER);
      const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
      const radius = Math.hypot(to.x - from.x, to.y - from.y) / 2;
      context.setLineDash([3, 4]);
      this.strokeCircles([middle], radius, RULER, 1.5);
      context.setLineDash([]);
    }
  }

  private drawLines(lines: readonly [number, number, number, number][], colour: string): void {
    const { context } = this;
    context.beginPath();
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    for (const [style, width] of [[HALO, 4.5], [colour, 2]] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
  }
}
