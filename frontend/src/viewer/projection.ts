// From pixels of the micrograph to pixels of the screen and back.

/**
 * `left` and `top` say where the edge of the micrograph lies in the viewer. Pixel centres are at
 * whole numbers, so that edge is at -0.5.
 */
export interface Projection {
  left: number;
  top: number;
  scale: number; // screen pixels for one pixel of the micrograph
}

export interface Point {
  x: number;
  y: number;
}

export function toScreen({ left, top, scale }: Projection, x_px: number, y_px: number): Point {
  return { x: left + (x_px + 0.5) * scale, y: top + (y_px + 0.5) * scale };
}

export function toMicrograph({ left, top, scale }: Projection, point: Point): Point {
  return { x: (point.x - left) / scale - 0.5, y: (point.y - top) / scale - 0.5 };
}

export interface Levels {
  width_px: number;
  height_px: number;
  tile_size: number;
  n_levels: number;
}

/** The server's level 0 is full size; the viewer's is the smallest. Works both ways. */
export function flipLevel(level: number, n_levels: number): number {
  return n_levels - 1 - level;
}

/** Size of a level of the server, with the last row and column of an odd side kept. */
export function levelSize(levels: Levels, level: number): { width: number; height: number } {
  const bin = 2 ** level;
  return { width: Math.ceil(levels.width_px / bin), height: Math.ceil(levels.height_px / bin) };
}

/** What a tile covers, in pixels of the full micrograph, and its own size. */
export function tileBounds(levels: Levels, level: number, column: number, row: number) {
  const bin = 2 ** level;
  const { width, height } = levelSize(levels, level);
  const n_columns = Math.min(levels.tile_size, width - column * levels.tile_size);
  const n_rows = Math.min(levels.tile_size, height - row * levels.tile_size);
  return {
    x_px: column * levels.tile_size * bin,
    y_px: row * levels.tile_size * bin,
    width_px: n_columns * bin,
    height_px: n_rows * bin,
    n_columns,
    n_rows,
  };
}
