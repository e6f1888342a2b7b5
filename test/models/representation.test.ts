import { describe, expect, test } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { measure } from '../../src/models/normalise.ts';
import {
  decode,
  encode,
  encodeTargets,
  INPUT_SIZE,
  OUTPUT_SIZE,
} from '../../src/models/representation.ts';

/** A random person-sized pose [17, 3] in metres around the given pelvis. */
function somePose(seed: number, pelvis: readonly [number, number, number]): number[] {
  const random = randomAt(seed);
  return Array.from({ length: 17 }, (_, joint) =>
    pelvis.map((p) => p + (joint === 0 ? 0 : random.normal(0, 0.4))),
  ).flat();
}

const project = (pose: readonly number[]) =>
  Array.from({ length: 17 }, (_, j) => [
    pose[3 * j]! / pose[3 * j + 2]!,
    pose[3 * j + 1]! / pose[3 * j + 2]!,
  ]).flat();

describe('encode', () => {
  test('what is encoded is seen by a camera that looks at the pelvis, whatever the distance', () => {
    // The same person, twice as large and twice as far away: the same picture and the same numbers.
    const pose = somePose(1, [0.6, -0.4, 4]);
    const larger = pose.map((v) => 2 * v);
    const [a, b] = [pose, larger].map((p) => encode(project(p)).inputs);
    b!.forEach((v, i) => expect(v).toBeCloseTo(a![i]!, 6));
  });

  test('a zoom is only a size', () => {
    const rays = project(somePose(2, [0, 0, 5]));
    const before = encode(rays).inputs;
    const after = encode(rays.map((v) => 3 * v)).inputs;
    for (let i = 0; i < 32; i++) expect(after[i]!).toBeCloseTo(before[i]!, 6);
    expect(after[32]! - before[32]!).toBeCloseTo(Math.log(3), 6);
    expect([...after.subarray(33)]).toEqual([0, 0, 0]);
  });

  test('rotations are proper and bring the pelvis onto the axis', () => {
    const rays = project(somePose(3, [1.5, -0.8, 3]));
    const { rotations: r } = encode(rays);
    const [x, y] = rays as [number, number];
    const turned = [0, 1, 2].map((row) => r[3 * row]! * x + r[3 * row + 1]! * y + r[3 * row + 2]!);
    expect(turned[0]).toBeCloseTo(0, 12);
    expect(turned[1]).toBeCloseTo(0, 12);
    expect(turned[2]).toBeCloseTo(Math.hypot(x, y, 1), 12);
    const det =
      r[0]! * (r[4]! * r[8]! - r[5]! * r[7]!) -
      r[1]! * (r[3]! * r[8]! - r[5]! * r[6]!) +
      r[2]! * (r[3]! * r[7]! - r[4]! * r[6]!);
    expect(det).toBeCloseTo(1, 12);
  });

  test('targets decode to the pose relative to its pelvis, in the camera frame', () => {
    const poses = [...somePose(4, [1, 0.3, 3]), ...somePose(5, [-0.7, 0.1, 6])];
    const { inputs, rotations } = encode([
      ...project(poses.slice(0, 51)),
      ...project(poses.slice(51)),
    ]);
    expect(inputs.length).toBe(2 * INPUT_SIZE);
    const targets = encodeTargets(poses, rotations);
    expect(targets.length).toBe(2 * OUTPUT_SIZE);
    const decoded = decode(targets, rotations);
    decoded.forEach((v, i) => {
      const root = 51 * Math.floor(i / 51) + (i % 3);
      expect(v).toBeCloseTo(poses[i]! - poses[root]!, 5);
    });
  });

  test('joints that coincide are refused', () => {
    expect(() => encode(new Array(34).fill(0.2))).toThrow(/the size .*differ/);
    expect(() => encode(new Array(33).fill(0.2))).toThrow(/33 numbers.*34/);
  });
});

test('statistics are the mean and deviation of each column; a constant one has deviation 1', () => {
  const random = randomAt(7);
  const rows = Float64Array.from({ length: 30_000 }, (_, i) =>
    i % 3 === 2 ? 5 : random.normal(100 * (i % 3), 1 + (i % 3)),
  );
  const { mean, std } = measure(rows, 3);
  // 10,000 numbers know a mean to 1 % of the deviation, and the deviation to 0.7 %
  expect(Math.abs(mean[0]!)).toBeLessThan(0.04);
  expect(Math.abs(mean[1]! - 100)).toBeLessThan(0.08);
  expect(Math.abs(std[0]! - 1)).toBeLessThan(0.03);
  expect(Math.abs(std[1]! / 2 - 1)).toBeLessThan(0.03);
  expect(mean[2]).toBeCloseTo(5, 10);
  expect(std[2]).toBe(1);
  expect(measure([1, 2, 3, 4], 1)).toEqual({ mean: [2.5], std: [Math.sqrt(1.25)] });
});
