/** Views of a person: the pelvis on the axis, all joints in the picture, and the way back. */

import { describe, expect, test } from 'vitest';
import { sampleCamera } from '../../src/data/body/camera.ts';
import { samplePose } from '../../src/data/body/sample.ts';
import { toRays } from '../../src/pose/camera.ts';
import { determinant, multiply, transpose } from '../../src/pose/linear.ts';
import { JOINT_COUNT } from '../../src/pose/skeleton.ts';
import {
  intoView,
  ontoAxis,
  outOfView,
  raysToView,
  viewNumber,
  viewOf,
} from '../../src/pose/view.ts';

const person = (index: number) => {
  const { joints, height } = samplePose(5, index);
  return sampleCamera(5, index, joints, height).pose3d;
};

describe('a turn onto the axis', () => {
  test.each([
    [0, 0],
    [0.5, -0.2],
    [-3, 2],
    [1e-9, 40],
  ])('of the ray through (%d, %d) is a rotation without roll', (x, y) => {
    const r = ontoAxis(x, y);
    const length = Math.hypot(x, y, 1);
    for (const [row, want] of [0, 0, length].entries())
      expect(r[3 * row]! * x + r[3 * row + 1]! * y + r[3 * row + 2]!).toBeCloseTo(want, 9);
    expect(determinant(r)).toBeCloseTo(1, 12);
    multiply(r, transpose(r)).forEach((v, i) => expect(v).toBeCloseTo(i % 4 === 0 ? 1 : 0, 12));
    // What is right of the axis stays level.
    expect(r[1]).toBe(0);
  });
});

describe('a view', () => {
  test('has the pelvis in its middle and every joint in its picture', () => {
    for (let i = 0; i < 40; i++) {
      const pose = person(i);
      const rays = toRays(pose);
      const view = viewOf(rays, 128);
      const pixels = raysToView(view, rays);
      expect(pixels[0]).toBeCloseTo(64, 9);
      expect(pixels[1]).toBeCloseTo(64, 9);
      const far = Math.max(...pixels.map((v) => Math.abs(v - 64)));
      expect(far).toBeCloseTo(64 * 0.78, 6);
    }
  });

  test('shows points of space where its pinhole projects them', () => {
    const pose = person(3);
    const view = viewOf(toRays(pose), 200);
    const inside = intoView(view, pose);
    const pixels = raysToView(view, toRays(pose));
    for (let j = 0; j < JOINT_COUNT; j++)
      for (const axis of [0, 1])
        expect(pixels[2 * j + axis]).toBeCloseTo(
          (view.focal * inside[3 * j + axis]!) / inside[3 * j + 2]! + 100,
          8,
        );
    outOfView(view, inside).forEach((v, i) => expect(v).toBeCloseTo(pose[i]!, 12));
  });

  test('does not depend on the distance but by its number', () => {
    const pose = person(4);
    const near = toRays(pose);
    const half = near.map((v, i) => near[i % 2]! + (v - near[i % 2]!) / 2) as typeof near;
    const [one, two] = [viewOf(near, 64), viewOf(half, 64)];
    expect(two.rotation).toEqual(one.rotation);
    expect(viewNumber(one) - viewNumber(two)).toBeCloseTo(Math.log(2), 1);
  });

  test('of someone without a joint, or of too few, is refused', () => {
    const rays = toRays(person(1)).slice();
    rays[7] = Number.NaN;
    expect(() => viewOf(rays, 64)).toThrow('a joint is no number');
    expect(() => viewOf(rays.slice(4), 64)).toThrow('not 17 joints');
  });

  test('of joints that coincide, or that are all around, stays a pinhole', () => {
    expect(viewOf(new Float64Array(34), 64).focal).toBeLessThan(64 / 2 / 0.02);
    const wide = Float64Array.from({ length: 34 }, (_, i) => (i < 2 ? 3 : i % 3 ? -30 : 30));
    const view = viewOf(wide, 64);
    expect(Math.exp(viewNumber(view))).toBeCloseTo(1.33, 9);
    expect([...raysToView(view, wide)].every((v) => v >= -64 && v <= 128)).toBe(true);
  });
});
