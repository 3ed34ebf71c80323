// The server's tiles for OpenSeadragon. Tiles are fetched here, because an <img> sends no token.

import OpenSeadragon from "openseadragon";

import { tileAddress } from "../api";
import { send } from "../http";
import type { Display, MicrographInfo } from "../types";
import { flipLevel, levelSize, tileBounds } from "./projection";

export class MicrographTiles extends OpenSeadragon.TileSource {
  constructor(
    private readonly shown: MicrographInfo,
    private readonly display: Display,
    private readonly onProblem: (problem: unknown) => void,
  ) {
    super({
      width: shown.width_px,
      height: shown.height_px,
      tileSize: shown.tile_size,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: shown.n_levels - 1,
      ready: true,
    });
  }

  override getTileUrl(level: number, column: number, row: number): string {
    return tileAddress(
      this.shown.name, flipLevel(level, this.shown.n_levels), column, row, this.display,
    );
  }

  override getNumTiles(level: number): OpenSeadragon.Point {
    const { width, height } = levelSize(this.shown, flipLevel(level, this.shown.n_levels));
    const { tile_size } = this.shown;
    return new OpenSeadragon.Point(Math.ceil(width / tile_size), Math.ceil(height / tile_size));
  }

  /** A level whose side was odd ends past the micrograph's edge by less than one of its pixels. */
  override getTileBounds(
    level: number, column: number, row: number, isSource?: boolean,
  ): OpenSeadragon.Rect {
    const tile = tileBounds(this.shown, flipLevel(level, this.shown.n_levels), column, row);
    if (isSource) return new OpenSeadragon.Rect(0, 0, tile.n_columns, tile.n_rows);
    const { width_px } = this.shown; // the width is OpenSeadragon's unit
    return new OpenSeadragon.Rect(
      tile.x_px / width_px, tile.y_px / width_px, tile.width_px / width_px, tile.height_px / width_px,
    );
  }

  override downloadTileStart(context: OpenSeadragon.ImageJob): void {
    const stop = new AbortController();
    context.userData.stop = stop;
    send(context.src, { signal: stop.signal })
      .then((response) => response.blob())
      .then((blob) => createImageBitmap(blob))
      .then(
        (picture) => context.finish(picture, null, "imageBitmap"),
        (problem: unknown) => {
          if (stop.signal.aborted) return;
          context.fail(String(problem), null);
          this.onProblem(problem);
        },
      );
  }

  override downloadTileAbort(context: OpenSeadragon.ImageJob): void {
    (context.userData.stop as AbortController | undefined)?.abort();
  }
}
