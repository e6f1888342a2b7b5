/** Numbers become pixels at their places, in the colours of a scheme. */

import { expect, test } from 'vitest';
import {
  APART,
  channelOf,
  colourOf,
  enlarged,
  GREYS,
  HEAT,
  heatmap,
  photo,
} from '../../src/picture/raster.ts';

const pixel = ({ width, rgba }: { width: number; rgba: Uint8Array }, x: number, y: number) =>
  Array.from(rgba.subarray(4 * (y * width + x), 4 * (y * width + x) + 4));

test('a scheme goes through its colours, and stops at its ends', () => {
  for (const scheme of [HEAT, APART, GREYS])
    scheme.forEach((colour, i) => {
      expect(colourOf(scheme, i / (scheme.length - 1))).toEqual(colour);
    });
  expect(colourOf(GREYS, 0.5)).toEqual([128, 128, 128]);
  expect(colourOf(GREYS, -3)).toEqual([0, 0, 0]);
  expect(colourOf(GREYS, 3)).toEqual([255, 255, 255]);
});

test('the schemes tell small from large without their colours, too', () => {
  const light = ([r, g, b]: readonly number[]) => 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  const heat = HEAT.map(light);
  expect(heat).toEqual([...heat].sort((a, b) => a - b));
  // Of two signs the middle is the lightest, and both ends are dark.
  const middle = (APART.length - 1) / 2;
  const apart = APART.map(light);
  expect(Math.max(...apart)).toBe(apart[middle]);
  expect(APART[0]![2]).toBeGreaterThan(APART[0]![0]);
  expect(APART.at(-1)![0]).toBeGreaterThan(APART.at(-1)![2]);
});

test('values lie row by row, from low to high', () => {
  const image = heatmap([-2, 0, 2, 2, 2, 1], 3, GREYS, [-2, 2]);
  expect([image.width, image.height]).toEqual([3, 2]);
  expect(pixel(image, 0, 0)).toEqual([0, 0, 0, 255]);
  expect(pixel(image, 1, 0)).toEqual([128, 128, 128, 255]);
  expect(pixel(image, 2, 0)).toEqual([255, 255, 255, 255]);
  expect(pixel(image, 2, 1)).toEqual([191, 191, 191, 255]);
  // All alike is no division by zero.
  expect(pixel(heatmap([5, 5], 2, GREYS, [5, 5]), 0, 0)).toEqual([0, 0, 0, 255]);
});

test('channels are taken out of pixels, and colours are kept in order', () => {
  const values = [1, 0, 0, 0, 0.5, 2, 0.2, 0.4, 0.6, 0, 0, 1];
  expect(Array.from(channelOf(values, 3, 1))).toEqual([0, 0.5, 0.4, 0].map(Math.fround));
  const image = photo(values, 2);
  expect([image.width, image.height]).toEqual([2, 2]);
  expect(pixel(image, 0, 0)).toEqual([255, 0, 0, 255]);
  expect(pixel(image, 1, 0)).toEqual([0, 128, 255, 255]);
  expect(pixel(image, 1, 1)).toEqual([0, 0, 255, 255]);
});

test('enlarged, a pixel is a square', () => {
  const small = heatmap([0, 1, 2, 3, 4, 5], 3, HEAT, [0, 5]);
  const large = enlarged(small, 4);
  expect([large.width, large.height]).toEqual([12, 8]);
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 12; x++)
      expect(pixel(large, x, y)).toEqual(pixel(small, Math.floor(x / 4), Math.floor(y / 4)));
});
