// Copies of small pictures into a larger one, pixel by pixel: thousands of marks in milliseconds,
// also where no graphics card helps.

/** The pixels of a square picture that are not empty. */
export interface Stamp {
  x: Int16Array; // from the middle
  y: Int16Array;
  words: Uint32Array; // colour, with the opacity in the highest byte
  reach: number; // farthest pixel from the middle, in x or y
}

/** `pixels` holds rows of `size` × `size` pixels, four bytes each. */
export function makeStamp(pixels: Uint8ClampedArray, size: number): Stamp {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, size * size);
  const filled = [...words.keys()].filter((i) => words[i]! >>> 24 > 0);
  const middle = size / 2;
  return {
    x: Int16Array.from(filled, (i) => (i % size) - middle),
    y: Int16Array.from(filled, (i) => Math.floor(i / size) - middle),
    words: Uint32Array.from(filled, (i) => words[i]!),
    reach: Math.ceil(middle),
  };
}

export class StampedPicture {
  readonly words: Uint32Array;

  constructor(readonly width: number, readonly height: number, pixels: Uint8ClampedArray) {
    this.words = new Uint32Array(pixels.buffer, pixels.byteOffset, width * height);
  }

  clear(): void {
    this.words.fill(0);
  }

  /**
   * Puts a stamp with its middle at a corner of pixels; what is outside is cut off. Where stamps
   * meet, the more opaque pixel stays, and of equal ones the later: marks do not darken each other.
   */
  stamp(stamp: Stamp, middle_x: number, middle_y: number): void {
    const { words, width, height } = this;
    const { x, y, reach } = stamp;
    const isInside =
      middle_x >= reach && middle_y >= reach && middle_x < width - reach && middle_y < height - reach;
    for (let i = 0; i < x.length; i++) {
      const column = middle_x + x[i]!;
      const row = middle_y + y[i]!;
      if (!isInside && (column < 0 || row < 0 || column >= width || row >= height)) continue;
      const place = row * width + column;
      const word = stamp.words[i]!;
      if (word >>> 24 >= words[place]! >>> 24) words[place] = word;
    }
  }
}
