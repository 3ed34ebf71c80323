// Which place is near a point: a grid of cells over many places.

export class PlaceIndex {
  private readonly cells = new Map<string, number[]>();

  constructor(
    private readonly x_px: readonly number[],
    private readonly y_px: readonly number[],
    private readonly cell_px: number,
    n: number = x_px.length,
  ) {
    for (let i = 0; i < n; i++) {
      const key = this.keyAt(x_px[i]!, y_px[i]!);
      const cell = this.cells.get(key);
      if (cell) cell.push(i);
      else this.cells.set(key, [i]);
    }
  }

  private keyAt(x: number, y: number): string {
    return `${Math.floor(x / this.cell_px)},${Math.floor(y / this.cell_px)}`;
  }

  /** Places within a radius, edge included, in no special order. */
  within(x: number, y: number, radius_px: number): number[] {
    const found: number[] = [];
    const { cell_px } = this;
    const last_column = Math.floor((x + radius_px) / cell_px);
    const last_row = Math.floor((y + radius_px) / cell_px);
    for (let column = Math.floor((x - radius_px) / cell_px); column <= last_column; column++) {
      for (let row = Math.floor((y - radius_px) / cell_px); row <= last_row; row++) {
        for (const i of this.cells.get(`${column},${row}`) ?? []) {
          if (this.distance(i, x, y) <= radius_px) found.push(i);
        }
      }
    }
    return found;
  }

  /** The nearest place within a radius, or -1. */
  nearest(x: number, y: number, radius_px: number): number {
    let best = -1;
    let best_px = Infinity;
    for (const i of this.within(x, y, radius_px)) {
      const distance_px = this.distance(i, x, y);
      if (distance_px < best_px) {
        best = i;
        best_px = distance_px;
      }
    }
    return best;
  }

  distance(i: number, x: number, y: number): number {
    return Math.hypot(this.x_px[i]! - x, this.y_px[i]! - y);
  }
}

/** An index of places given as pairs. */
export function indexPairs(pairs: readonly [number, number][], cell_px: number): PlaceIndex {
  return new PlaceIndex(pairs.map(([x]) => x), pairs.map(([, y]) => y), cell_px);
}
