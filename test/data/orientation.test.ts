import { expect, test } from 'vitest';
import {
  isStored,
  resizedCamera,
  shownCamera,
  shownPoints,
  shownPose,
  shownRaster,
  shownSize,
} from '../../src/data/orientation.ts';
import { project } from '../../src/pose/camera.ts';

const size = { width: 40, height: 30 };

/** Where the stored picture's upper left corner and its right neighbour come to lie, by EXIF's table. */
const CORNERS: Readonly<Record<number, readonly [corner: number[], right: number[]]>> = {
  1: [
    [0, 0],
    [1, 0],
  ],
  2: [
    [40, 0],
    [-1, 0],
  ],
  3: [
    [40, 30],
    [-1, 0],
  ],
  4: [
    [0, 30],
    [1, 0],
  ],
  5: [
    [0, 0],
    [0, 1],
  ],
  6: [
    [30, 0],
    [0, 1],
  ],
  7: [
    [30, 40],
    [0, -1],
  ],
  8: [
    [0, 40],
    [0, -1],
  ],
};

for (const [key, [corner, right]] of Object.entries(CORNERS)) {
  const orientation = Number(key);
  test(`orientation ${key}: points, pixels, poses and cameras turn together`, () => {
    const [x, y, u, v] = shownPoints([0, 0, 1, 0], size, orientation);
    expect([x, y]).toEqual(corner);
    expect([u! - x!, v! - y!]).toEqual(right);

    const stored = Float32Array.from({ length: 1200 }, (_, i) => i);
    const shown = shownRaster(stored, size, orientation);
    const to = shownSize(size, orientation);
    const [px, py] = shownPoints([7.5, 4.5], size, orientation);
    expect(shown[Math.floor(py!) * to.width + Math.floor(px!)]).toBe(4 * 40 + 7);
    expect([...shown].sort((a, b) => a - b)).toEqual([...stored]);

    // what a camera sees of a pose turns as the picture does, through a lens, too
    const distortion = { k1: -0.2, k2: 0.1, k3: 0.02, p1: 0.01, p2: -0.02 };
    const camera = { ...size, fx: 30, fy: 35, cx: 21, cy: 14, distortion };
    const pose = [0.3, -0.2, 2, -0.5, 0.6, 1.5];
    const before = shownPoints(project(camera, pose), size, orientation);
    const after = project(shownCamera(camera, orientation), shownPose(pose, orientation));
    after.forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 9));
  });
}

test('a smaller picture has a camera that sees the same', () => {
  const camera = { ...size, fx: 30, fy: 35, cx: 21, cy: 14 };
  const [x, y] = project(resizedCamera(camera, { width: 20, height: 10 }), [0.3, -0.2, 2]);
  const [u, v] = project(camera, [0.3, -0.2, 2]);
  expect(x).toBeCloseTo(u! / 2, 9);
  expect(y).toBeCloseTo(v! / 3, 9);
});

test('sizes tell which picture is meant, and what is said where they do not', () => {
  const tall = { width: 30, height: 40 };
  expect(isStored(size, size, 6, undefined, 'x')).toBe(true);
  expect(isStored(tall, size, 6, undefined, 'x')).toBe(false);
  expect(isStored({}, size, 6, undefined, 'x')).toBe(false);
  expect(isStored({}, size, 6, 'stored', 'x')).toBe(true);
  expect(isStored(size, size, 3, 'stored', 'x')).toBe(true);
  expect(() => isStored(tall, size, 1, undefined, 'the joints are')).toThrow(
    'the joints are for an image of 30 x 40 pixels, but this one has 40 x 30',
  );
  expect(() => isStored(tall, size, 6, 'stored', 'x')).toThrow(/the shown picture, not the stored/);
});
