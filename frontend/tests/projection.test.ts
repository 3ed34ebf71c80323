import assert from "node:assert/strict";
import { test } from "node:test";

import { flipLevel, levelSize, tileBounds, toMicrograph, toScreen } from "../src/viewer/projection";

const LEVELS = { width_px: 5761, height_px: 4093, tile_size: 512, n_levels: 5 };

test("the screen and back", () => {
  const projection = { left: -321.5, top: 88, scale: 0.37 };
  const point = toScreen(projection, 1234.56, 78.9);
  const place = toMicrograph(projection, point);
  assert.ok(Math.abs(place.x - 1234.56) < 1e-9 && Math.abs(place.y - 78.9) < 1e-9);
});

test("pixel centres are at whole numbers: the edge of pixel 0 is the edge of the micrograph", () => {
  assert.deepEqual(toScreen({ left: 10, top: 20, scale: 8 }, -0.5, -0.5), { x: 10, y: 20 });
  assert.deepEqual(toScreen({ left: 10, top: 20, scale: 8 }, 0, 0), { x: 14, y: 24 });
});

test("levels are numbered the other way round", () => {
  assert.equal(flipLevel(0, 5), 4);
  assert.equal(flipLevel(flipLevel(3, 5), 5), 3);
});

test("the last level fits one tile, and odd sides keep their last row and column", () => {
  assert.deepEqual(levelSize(LEVELS, 0), { width: 5761, height: 4093 });
  assert.deepEqual(levelSize(LEVELS, 4), { width: 361, height: 256 });
});

test("tiles of every level cover the micrograph without gaps or overlaps", () => {
  for (let level = 0; level < LEVELS.n_levels; level++) {
    const { width, height } = levelSize(LEVELS, level);
    const n_columns = Math.ceil(width / LEVELS.tile_size);
    const n_rows = Math.ceil(height / LEVELS.tile_size);
    let x_px = 0;
    for (let column = 0; column < n_columns; column++) {
      const tile = tileBounds(LEVELS, level, column, 0);
      assert.equal(tile.x_px, x_px);
      assert.ok(tile.n_columns > 0 && tile.n_columns <= LEVELS.tile_size);
      x_px += tile.width_px;
    }
    assert.equal(x_px, width * 2 ** level);
    assert.ok(x_px >= LEVELS.width_px && x_px < LEVELS.width_px + 2 ** level);
    const last = tileBounds(LEVELS, level, 0, n_rows - 1);
    assert.equal(last.y_px + last.height_px, height * 2 ** level);
  }
});
