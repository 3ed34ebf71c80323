// The micrograph itself: OpenSeadragon, told where to look. Marks are drawn over it by overlay.ts.

import OpenSeadragon from "openseadragon";

import type { Display, MicrographInfo } from "../types";
import type { Point, Projection } from "./projection";
import { MicrographTiles } from "./tile_source";

const MOST_SCREEN_PX = 8; // screen pixels for one pixel of the micrograph
const FIT_MARGIN = 0.98;

export class Stage {
  private readonly viewer: OpenSeadragon.Viewer;
  private shown: MicrographInfo | null = null;

  constructor(
    private readonly element: HTMLElement,
    onMove: () => void,
    private readonly onProblem: (problem: unknown) => void,
  ) {
    forestallInlineStyle();
    this.viewer = OpenSeadragon({
      element,
      drawer: "canvas",
      showNavigationControl: false,
      mouseNavEnabled: false, // interaction.ts has the pointer
      keyboardNavEnabled: false,
      animationTime: 0.25,
      springStiffness: 9,
      blendTime: 0,
      visibilityRatio: 0.3,
      minZoomImageRatio: 0.6,
      maxZoomPixelRatio: MOST_SCREEN_PX,
      imageLoaderLimit: 6,
      maxImageCacheCount: 300,
      preserveImageSizeOnResize: true,
      tabIndex: -1,
    });
    // See placeOnWholeDots; the library's types do not know this method.
    Object.assign(this.viewer.drawer, { minimumOverlapRequired: () => false });
    this.viewer.addHandler("update-viewport", onMove);
    this.viewer.addHandler("resize", onMove);
  }

  /** Shows another micrograph, all of it. */
  open(info: MicrographInfo, display: Display): void {
    this.shown = info;
    this.viewer.world.removeAll();
    this.add(info, display, () => this.fit(true));
  }

  close(): void {
    this.shown = null;
    this.viewer.world.removeAll();
  }

  /** Shows the same micrograph in another way; the old tiles stay until the new ones are there. */
  redisplay(display: Display): void {
    if (!this.shown) return;
    const { world } = this.viewer;
    const old = Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i));
    const removeOld = () => {
      for (const item of old) if (world.getIndexOfItem(item) >= 0) world.removeItem(item);
    };
    this.add(this.shown, display, (item) => {
      item.addOnceHandler("fully-loaded-change", removeOld);
    });
  }

  private add(
    info: MicrographInfo, display: Display, onAdded: (item: OpenSeadragon.TiledImage) => void,
  ): void {
    const { black, white, lowpass_px, denoise } = display;
    const tiles = new MicrographTiles(
      info, { black, white, lowpass_px, denoise }, this.onProblem,
    );
    this.viewer.addTiledImage({
      tileSource: tiles,
      x: 0,
      y: 0,
      width: 1,
      success: (event) => {
        const { item } = event as unknown as { item: OpenSeadragon.TiledImage };
        placeOnWholeDots(item);
        if (this.shown === info) onAdded(item);
      },
    });
  }

  invert(isInverted: boolean): void {
    this.element.classList.toggle("is-inverted", isInverted);
  }

  /** Null while no micrograph is shown. */
  projection(): Projection | null {
    if (!this.shown || this.viewer.world.getItemCount() === 0) return null;
    const { viewport } = this.viewer;
    const corner = viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
    const zoom = viewport.getZoom(true) * viewport.getContainerSize().x;
    return { left: corner.x, top: corner.y, scale: zoom / this.shown.width_px };
  }

  fit(immediately = false): void {
    const { shown } = this;
    if (!shown) return;
    const height = shown.height_px / shown.width_px;
    const margin = (1 / FIT_MARGIN - 1) / 2;
    const bounds = new OpenSeadragon.Rect(
      -margin, -margin * height, 1 + 2 * margin, height * (1 + 2 * margin),
    );
    this.viewer.viewport.fitBounds(bounds, immediately);
  }

  zoomBy(factor: number, at?: Point): void {
    const { viewport } = this.viewer;
    const fixed = at && viewport.pointFromPixel(new OpenSeadragon.Point(at.x, at.y), true);
    viewport.zoomBy(factor, fixed);
    viewport.applyConstraints();
  }

  /** `scale` is screen pixels for one pixel of the micrograph. */
  zoomTo(scale: number): void {
    if (!this.shown) return;
    const { viewport } = this.viewer;
    viewport.zoomTo((scale * this.shown.width_px) / viewport.getContainerSize().x);
    viewport.applyConstraints();
  }

  panBy(x: number, y: number, immediately = true): void {
    const { viewport } = this.viewer;
    viewport.panBy(viewport.deltaPointsFromPixels(new OpenSeadragon.Point(-x, -y)), immediately);
    viewport.applyConstraints(immediately);
  }

  /** Brings a place to the middle, `width_px` of the micrograph wide. */
  goTo(x_px: number, y_px: number, width_px: number): void {
    if (!this.shown) return;
    const unit = this.shown.width_px;
    const { viewport } = this.viewer;
    const width = width_px / unit;
    const height = width / viewport.getAspectRatio();
    const bounds = new OpenSeadragon.Rect(
      (x_px + 0.5) / unit - width / 2, (y_px + 0.5) / unit - height / 2, width, height,
    );
    viewport.fitBounds(bounds, false);
  }

  destroy(): void {
    this.viewer.destroy();
  }
}

/**
 * Puts the edges of tiles on whole dots of the screen. OpenSeadragon hides the seams between tiles
 * by making each a dot larger, which moves what is at its far side by a dot: marks would lie beside
 * what they mark. On whole dots there are no seams to hide.
 */
function placeOnWholeDots(item: OpenSeadragon.TiledImage): void {
  type Positioned = { position: Point; size: Point };
  const image = item as unknown as { _positionTile: (tile: Positioned, ...rest: unknown[]) => void };
  const place = image._positionTile;
  image._positionTile = function (tile, ...rest) {
    place.call(this, tile, ...rest);
    const ratio = OpenSeadragon.pixelDensityRatio;
    const { position, size } = tile;
    for (const axis of ["x", "y"] as const) {
      const end = Math.round((position[axis] + size[axis]) * ratio) / ratio;
      position[axis] = Math.round(position[axis] * ratio) / ratio;
      size[axis] = end - position[axis];
    }
  };
}

/**
 * OpenSeadragon writes a style element, which the page's policy forbids, unless it finds one with
 * this attribute. One of no known language is found, and means nothing.
 */
function forestallInlineStyle(): void {
  const name = "data-openseadragon-mobile-css";
  if (document.querySelector(`style[${name}]`)) return;
  const element = document.createElementNS("urn:none", "style");
  element.setAttribute(name, "true");
  document.head.append(element);
}
