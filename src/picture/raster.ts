/** Numbers as pixels. */

import type { Image } from '../platform/types.ts';

export type Colour = readonly [red: number, green: number, blue: number];

/** Colours of numbers from 0 to 1, in equal steps. */
export type Scheme = readonly Colour[];

/** Dark to bright: inferno of matplotlib (van der Walt and Smith 2015, CC0), every eighth of it. */
export const HEAT: Scheme = [
  [0, 0, 4],
  [31, 12, 72],
  [85, 15, 109],
  [136, 34, 106],
  [186, 54, 85],
  [227, 89, 51],
  [249, 140, 10],
  [249, 201, 50],
  [252, 255, 164],
];

/** Cool below the middle, warm above it, both as the sides of a person; the middle is light. */
export const APART: Scheme = [
  [0, 58, 97],
  [0, 114, 178],
  [122, 184, 222],
  [246, 248, 250],
  [240, 170, 120],
  [213, 94, 0],
  [117, 46, 0],
];

export const GREYS: Scheme = [
  [0, 0, 0],
  [255, 255, 255],
];

/** The colour of a number; beyond 0 and 1 that of the ends. */
export function colourOf(scheme: Scheme, value: number): Colour {
  const at = Math.min(1, Math.max(0, value)) * (scheme.length - 1);
  const below = Math.min(Math.floor(at), scheme.length - 2);
  const [from, to] = [scheme[below]!, scheme[below + 1]!];
  const between = (i: 0 | 1 | 2) => Math.round(from[i] + (at - below) * (to[i] - from[i]));
  return [between(0), between(1), between(2)];
}

/** A picture of so many pixels, each of a colour. */
export function raster(
  width: number,
  height: number,
  colour: (x: number, y: number) => Colour,
): Image {
  const rgba = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rgba.set([...colour(x, y), 255], 4 * (y * width + x));
  return { width, height, rgba };
}

/** Numbers [height, width] where `low` has the first colour and `high` the last. */
export function heatmap(
  values: ArrayLike<number>,
  width: number,
  scheme: Scheme,
  [low, high]: readonly [number, number],
): Image {
  const span = high - low || 1;
  return raster(width, values.length / width, (x, y) =>
    colourOf(scheme, (values[y * width + x]! - low) / span),
  );
}

/** Colours [height, width, 3] from 0 to 1. */
export const photo = (values: ArrayLike<number>, width: number): Image =>
  raster(width, values.length / (3 * width), (x, y) => {
    const at = 3 * (y * width + x);
    const byte = (i: number) => Math.round(255 * Math.min(1, Math.max(0, values[at + i]!)));
    return [byte(0), byte(1), byte(2)];
  });

/** One channel of values [height, width, channels]. */
export const channelOf = (
  values: ArrayLike<number>,
  channels: number,
  channel: number,
): Float32Array =>
  Float32Array.from(
    { length: values.length / channels },
    (_, i) => values[i * channels + channel]!,
  );

/** Every pixel as a square of so many: they stay squares wherever the picture is shown. */
export function enlarged({ width, height, rgba }: Image, times: number): Image {
  const wide = width * times;
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const large = new Uint32Array(wide * height * times);
  for (let i = 0; i < large.length; i++) {
    const [x, y] = [Math.floor((i % wide) / times), Math.floor(i / wide / times)];
    large[i] = pixels[y * width + x]!;
  }
  return { width: wide, height: height * times, rgba: new Uint8Array(large.buffer) };
}
