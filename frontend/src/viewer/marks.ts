// The marks themselves. Each look is drawn once at a size and then stamped wherever it is needed.

import { HALO, LEFT_OUT, NEGATIVE, PARTICLE, SCORE_COLOURS, SET_A, SET_B } from "./colours";
import type { Point } from "./projection";
import { makeStamp, StampedPicture, type Stamp } from "./stamps";

type Draw = (context: CanvasRenderingContext2D, radius: number) => void;

const SMALL = 6; // screen pixels: below it lines are thinner, so that circles stay open
const LARGEST_STAMP = 64; // screen pixels: larger circles are few, and drawn one by one
const MARGIN = 6; // for lines around the circle

function ring(
  context: CanvasRenderingContext2D, radius: number, colour: string, width: number, dash: number[] = [],
): void {
  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

function haloed(colour: string, width: number, dash: number[] = []): Draw {
  return (context, radius) => {
    const shown = radius > SMALL ? width : 0.7 * width;
    ring(context, radius, HALO, shown + 2); // unbroken: dots alone are lost in the noise
    ring(context, radius, colour, shown, dash);
  };
}

const particle: Draw = (context, radius) => {
  haloed(PARTICLE, 2.25)(context, radius);
  if (radius <= SMALL) return;
  context.beginPath();
  context.arc(0, 0, 2, 0, 2 * Math.PI);
  context.fillStyle = PARTICLE;
  context.fill();
};

const negative: Draw = (context, radius) => {
  haloed(NEGATIVE, 2.25)(context, radius);
  const arm = radius * Math.SQRT1_2;
  context.beginPath();
  context.moveTo(-arm, -arm);
  context.lineTo(arm, arm);
  context.moveTo(arm, -arm);
  context.lineTo(-arm, arm);
  context.strokeStyle = NEGATIVE;
  context.lineWidth = 2;
  context.stroke();
};

function faded(draw: Draw): Draw {
  return (context, radius) => {
    context.globalAlpha = 0.3;
    draw(context, radius);
    context.globalAlpha = 1;
  };
}

const LOOKS = {
  particle,
  negative,
  leftOut: haloed(LEFT_OUT, 1.5, [5, 4]),
  below: haloed("#ffffff", 2.25, [2.5, 5]),
  inBoth: haloed("#ffffff", 1),
  onlyA: haloed(SET_A, 2),
  onlyB: haloed(SET_B, 2, [6, 3]),
  erasedParticle: faded(particle),
  erasedNegative: faded(negative),
  touched: (context, radius) => ring(context, radius + 3, "#ffffff", 2),
} satisfies Record<string, Draw>;

/** A number is a step of the colours of scores. */
export type Look = keyof typeof LOOKS | number;

const PICKS = SCORE_COLOURS.map((colour) => haloed(colour, 1.75));

function drawingOf(look: Look): Draw {
  return typeof look === "number" ? PICKS[look]! : LOOKS[look];
}

/** Takes marks, and puts them on a canvas all at once. */
export class Marks {
  private picture: StampedPicture | null = null;
  private pixels: ImageData | null = null;
  private ratio = 1;
  private radius = 0;
  private readonly stamps = new Map<Look, Stamp>();
  private readonly brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  private large: [Look, Point][] = [];

  /** The size is in dots, of which there are `ratio` to a screen pixel. */
  resize(width: number, height: number, ratio: number): void {
    this.pixels = new ImageData(Math.max(1, width), Math.max(1, height));
    this.picture = new StampedPicture(this.pixels.width, this.pixels.height, this.pixels.data);
    this.ratio = ratio;
    this.stamps.clear();
  }

  /** Begins anew, with circles of this radius in screen pixels. */
  begin(radius: number): void {
    this.picture?.clear();
    this.large = [];
    if (radius !== this.radius) this.stamps.clear();
    this.radius = radius;
  }

  add(look: Look, points: readonly Point[]): void {
    const { picture, ratio } = this;
    if (points.length === 0 || !picture) return;
    if (this.radius > LARGEST_STAMP) {
      for (const point of points) this.large.push([look, point]);
      return;
    }
    const stamp = this.stamps.get(look) ?? this.makeStamp(look);
    for (const { x, y } of points) picture.stamp(stamp, Math.round(x * ratio), Math.round(y * ratio));
  }

  /** Replaces what is on the canvas, whose unit is a screen pixel. */
  finish(context: CanvasRenderingContext2D): void {
    if (this.pixels) context.putImageData(this.pixels, 0, 0);
    for (const [look, { x, y }] of this.large) {
      context.save();
      context.translate(x, y);
      drawingOf(look)(context, this.radius);
      context.restore();
    }
  }

  private makeStamp(look: Look): Stamp {
    const { brush, ratio } = this;
    const size = 2 * Math.ceil((this.radius + MARGIN) * ratio);
    brush.canvas.width = brush.canvas.height = size; // empties it
    brush.setTransform(ratio, 0, 0, ratio, size / 2, size / 2);
    drawingOf(look)(brush, this.radius);
    const stamp = makeStamp(brush.getImageData(0, 0, size, size).data, size);
    this.stamps.set(look, stamp);
    return stamp;
  }
}
