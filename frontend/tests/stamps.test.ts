import assert from "node:assert/strict";
import { test } from "node:test";

import { makeStamp, StampedPicture } from "../src/viewer/stamps";

/** A picture of one pixel among empty ones, at the middle's lower right. */
function onePixel(rgba: number[]) {
  const pixels = new Uint8ClampedArray(4 * 4 * 4);
  pixels.set(rgba, 4 * (2 * 4 + 2));
  return makeStamp(pixels, 4);
}

function makePicture(width: number, height: number) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  const picture = new StampedPicture(width, height, pixels);
  const at = (x: number, y: number) => [...pixels.subarray(4 * (y * width + x), 4 * (y * width + x) + 4)];
  return { picture, at, pixels };
}

test("a stamp keeps only pixels that are not empty, placed from its middle", () => {
  const stamp = onePixel([10, 20, 30, 255]);
  assert.deepEqual([[...stamp.x], [...stamp.y]], [[0], [0]]);
});

test("of equally opaque pixels the later covers", () => {
  const { picture, at } = makePicture(5, 4);
  picture.stamp(onePixel([255, 0, 0, 255]), 3, 1);
  picture.stamp(onePixel([1, 2, 3, 255]), 3, 1);
  assert.deepEqual(at(3, 1), [1, 2, 3, 255]);
  assert.deepEqual(at(2, 1), [0, 0, 0, 0]);
});

test("the more opaque pixel stays, whichever came first", () => {
  for (const order of [[255, 100], [100, 255]] as const) {
    const { picture, at } = makePicture(2, 2);
    for (const opacity of order) picture.stamp(onePixel([opacity, 0, 0, opacity]), 1, 0);
    assert.deepEqual(at(1, 0), [255, 0, 0, 255]);
  }
});

test("what lies outside is cut off, and nothing wraps round", () => {
  const { picture, pixels } = makePicture(3, 3);
  for (const [x, y] of [[-1, 1], [3, 1], [1, -1], [1, 3]] as const) {
    picture.stamp(onePixel([255, 255, 255, 255]), x, y);
  }
  assert.ok(pixels.every((value) => value === 0));
});

test("clear empties the picture", () => {
  const { picture, pixels } = makePicture(3, 3);
  picture.stamp(onePixel([255, 255, 255, 255]), 1, 1);
  picture.clear();
  assert.ok(pixels.every((value) => value === 0));
});
