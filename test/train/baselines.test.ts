/** What can be said without a network, held against people whose poses are known by construction. */

import { expect, test } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { linearLifter, meanPose } from '../../src/train/baselines.ts';
import { renderedViews } from '../../src/train/view_data.ts';
import { viewErrors } from '../../src/train/view_errors.ts';
import { outOfViews } from '../../src/train/view_training.ts';

/** People in front of the camera, of whom one number decides all: how far an arm is stretched. */
function people(seed: number, count: number) {
  const random = randomAt(seed);
  const poses = new Float32Array(count * 51);
  const rays = new Float32Array(count * 34);
  for (let i = 0; i < count; i++) {
    const stretch = random.uniform(-0.2, 0.2);
    for (let j = 0; j < 17; j++) {
      const x = j === 0 ? 0 : Math.sin(j) * 0.5 + (j === 13 ? stretch : 0);
      const y = j === 0 ? 0 : Math.cos(2 * j) * 0.7;
      const z = j === 0 ? 0 : 0.2 * Math.sin(3 * j) + (j === 13 ? 0.3 * stretch : 0);
      // Far away, so that the picture is nearly a linear one.
      poses.set([x, y, 400 + z], i * 51 + 3 * j);
      rays.set([x / (400 + z), y / (400 + z)], i * 34 + 2 * j);
    }
  }
  return { poses, rays };
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((v, i) => Math.abs(v - (b[i]! - b[i - (i % 51) + (i % 3)]!))));

test('the mean person is the mean, and a linear function finds what is linear', () => {
  const [seen, others] = [people(1, 200), people(2, 50)];
  const mean = meanPose(seen.rays, seen.poses)(others.rays);
  const linear = linearLifter(seen.rays, seen.poses)(others.rays);
  expect(distance(linear, others.poses)).toBeLessThan(0.02);
  expect(distance(mean, others.poses)).toBeGreaterThan(0.1);
  expect(mean.subarray(0, 39)).toEqual(mean.subarray(51, 90));
});

test('the errors of the truth are none, and of the truth moved away its distance', async () => {
  const source = renderedViews({ seed: 1, split: 'test', size: 64, count: 5, depthError: false });
  const right = await viewErrors(source, 5, async (batch) => ({
    poses: outOfViews(batch, batch.poses),
    absolute: true,
  }));
  expect(right.mpjpe.value).toBeLessThan(1e-3);
  expect(right.root).toBeLessThan(1e-3);
  const moved = await viewErrors(source, 5, async (batch) => ({
    poses: outOfViews(batch, batch.poses).map((v, i) => (i % 3 === 2 ? v + 0.25 : v)),
    absolute: true,
  }));
  expect(moved.mpjpe.value).toBeLessThan(1e-3);
  expect(moved.root).toBeCloseTo(250, 2);
});

test('people are the same in whatever company they are drawn, and depth may be wrong', async () => {
  const about = { seed: 1, split: 'train', size: 64, count: 9 } as const;
  const source = renderedViews({ ...about, depthError: false });
  const all = await source.draw([3, 4, 5]);
  const one = await source.draw([4]);
  const size = one.inputs.scenes!.length;
  expect(all.inputs.scenes!.subarray(size, 2 * size)).toEqual(one.inputs.scenes);
  expect(all.poses.subarray(51, 102)).toEqual(one.poses);
  const wrong = await renderedViews({ ...about, depthError: true }).draw([4]);
  expect(wrong.poses).toEqual(one.poses);
  expect(wrong.inputs.joints).toEqual(one.inputs.joints);
  expect(wrong.inputs.scenes).not.toEqual(one.inputs.scenes);
});
