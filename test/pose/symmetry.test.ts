import { expect, test } from 'vitest';
import { randomAt } from '../../src/data/random.ts';
import { BONE_PAIRS, BONES, boneLengths, PARENTS, type Pose3d } from '../../src/pose/skeleton.ts';
import { equaliseSides } from '../../src/pose/symmetry.ts';

const random = randomAt(5);
const pose = Float64Array.from({ length: 51 }, () => random.normal(0, 0.5)) as Pose3d;

test('bones come from the pelvis outwards', () => {
  const placed = new Set([0]);
  for (const { from, to } of BONES) {
    expect(placed.has(from)).toBe(true);
    expect(PARENTS[to]).toBe(from);
    placed.add(to);
  }
  expect(placed.size).toBe(17);
});

test('left and right get their mean length, and every bone keeps its direction', () => {
  const [before, equal] = [boneLengths(pose), equaliseSides(pose)];
  const after = boneLengths(equal);
  for (const [left, right] of BONE_PAIRS) {
    const [i, j] = [BONES.indexOf(left), BONES.indexOf(right)];
    expect(after[i]).toBeCloseTo((before[i]! + before[j]!) / 2, 12);
    expect(after[j]).toBeCloseTo(after[i]!, 12);
  }
  BONES.forEach(({ from, to, side }, i) => {
    if (side === 'middle') expect(after[i]).toBeCloseTo(before[i]!, 12);
    for (const axis of [0, 1, 2]) {
      const was = (pose[3 * to + axis]! - pose[3 * from + axis]!) / before[i]!;
      expect((equal[3 * to + axis]! - equal[3 * from + axis]!) / after[i]!).toBeCloseTo(was, 10);
    }
  });
  expect([...equal.subarray(0, 3)]).toEqual([...pose.subarray(0, 3)]);
});

test('a symmetric body stays as it is', () => {
  const once = equaliseSides(pose);
  equaliseSides(once).forEach((v, i) => {
    expect(v).toBeCloseTo(once[i]!, 12);
  });
});
