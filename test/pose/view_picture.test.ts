/** What views show of photos: held against scenes whose colours and depths are known by geometry. */

import { describe, expect, test } from 'vitest';
import { type Camera, cameraFromIntrinsics, pixelsToRays } from '../../src/pose/camera.ts';
import type { PixelPose } from '../../src/pose/skeleton.ts';
import { ontoAxis, type View } from '../../src/pose/view.ts';
import { viewPicture } from '../../src/pose/view_picture.ts';

const distortion = { k1: -0.2, k2: 0.24, k3: -0.002, p1: -0.0009, p2: -0.0016 };
const camera = cameraFromIntrinsics({
  width: 240,
  height: 160,
  fx: 200,
  fy: 190,
  cx: 118,
  distortion,
});

/** Each pixel of a photo by the direction in which its camera sees it. */
function photo<T>(of: Camera, value: (x: number, y: number) => T): T[] {
  return Array.from({ length: of.width * of.height }, (_, i) => {
    const pixel = [(i % of.width) + 0.5, Math.floor(i / of.width) + 0.5] as unknown as PixelPose;
    const [x, y] = pixelsToRays(of, pixel);
    return value(x!, y!);
  });
}

const rgbaOf = (colours: readonly (readonly number[])[]) =>
  Uint8Array.from(colours.flatMap((colour) => [...colour.map((c) => 255 * c), 255]));

/** Colours that tell the direction: smooth, so that samples between pixels are exact to a level. */
const colourOf = (x: number, y: number) => [0.5 + 0.4 * Math.sin(3 * x), 0.5 + 0.4 * y, 0.3];

const view: View = { rotation: ontoAxis(0.1, -0.05), focal: 180, size: 48 };

/** The camera's direction of a pixel of the view. */
function directionOf({ rotation: r, focal, size }: View, column: number, row: number) {
  const [a, b] = [(column + 0.5 - size / 2) / focal, (row + 0.5 - size / 2) / focal];
  const [x, y, z] = [0, 1, 2].map((k) => r[k]! * a + r[3 + k]! * b + r[6 + k]!);
  return { x: x! / z!, y: y! / z!, z: z! };
}

describe('a view of a photo by a real lens', () => {
  const rgba = rgbaOf(photo(camera, colourOf));
  // A wall at 3 m, perpendicular to the camera's axis.
  const depth = { width: 240, height: 160, metres: new Float32Array(240 * 160).fill(3) };

  test('shows each direction where it is', () => {
    const { image } = viewPicture({ camera, rgba }, view);
    for (let at = 0; at < 48 * 48; at++) {
      const { x, y } = directionOf(view, at % 48, Math.floor(at / 48));
      colourOf(x, y).forEach((c, k) => {
        expect(Math.abs(image[3 * at + k]! - c)).toBeLessThan(0.006);
      });
    }
  });

  test('has depth along its own axis', () => {
    const seen = viewPicture({ camera, rgba, depth }, view).depth;
    for (let at = 0; at < 48 * 48; at += 5) {
      const { z } = directionOf(view, at % 48, Math.floor(at / 48));
      expect(seen[at]).toBeCloseTo(3 / z, 5);
    }
  });

  test('takes depth maps of other sizes, and knows nothing where they do not', () => {
    const half = { width: 120, height: 80, metres: new Float32Array(120 * 80).fill(3) };
    half.metres.fill(0, 0, 120 * 40);
    const seen = viewPicture({ camera, rgba, depth: half }, view).depth;
    expect(seen[2]).toBe(0);
    expect(seen[47 * 48]).toBeGreaterThan(2.5);
    expect(Math.max(...viewPicture({ camera, rgba }, view).depth)).toBe(0);
  });
});

test('beyond a photo, and where it is transparent, is grey', () => {
  const small = cameraFromIntrinsics({ width: 8, height: 8, fx: 100 });
  const white = new Uint8Array(4 * 64).fill(255);
  const wide: View = { rotation: ontoAxis(0, 0), focal: 100, size: 32 };
  const { image } = viewPicture({ camera: small, rgba: white }, wide);
  expect([image[0], image[3 * (16 * 32 + 16)]]).toEqual([0.5, 1]);
  const clear = white.map((v, i) => (i % 4 === 3 ? 0 : v));
  expect(Math.max(...viewPicture({ camera: small, rgba: clear }, wide).image)).toBe(0.5);
});

test('what is finer than its pixels is averaged', () => {
  const large = cameraFromIntrinsics({ width: 256, height: 256, fx: 256 });
  const stripes = Uint8Array.from({ length: 4 * 256 * 256 }, (_, i) =>
    i % 4 === 3 || (i >> 2) % 2 ? 255 : 0,
  );
  const { image } = viewPicture(
    { camera: large, rgba: stripes },
    { rotation: ontoAxis(0, 0), focal: 32, size: 32 },
  );
  for (const value of image) expect(Math.abs(value - 0.5)).toBeLessThan(0.02);
});

test('bytes that are no picture are refused', () => {
  expect(() => viewPicture({ camera, rgba: new Uint8Array(12) }, view)).toThrow(
    '12 bytes are no picture of 240 x 160 pixels',
  );
});
