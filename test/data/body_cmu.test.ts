/** The procedural body against motion capture: it covers it, and its people are built alike. */

import { describe, expect, it } from 'vitest';
import type { FamilyName } from '../../src/data/body/families.ts';
import { isApart } from '../../src/data/body/plausible.ts';
import { samplePose } from '../../src/data/body/sample.ts';
import { readMotion } from '../../src/data/motion.ts';
import { length, subtract, type Vector3 } from '../../src/pose/linear.ts';
import { boneLengths, JOINT, type Joint } from '../../src/pose/skeleton.ts';
import { bytesOf, hasData, NEEDS_DATA } from './dataset.ts';

const at = (joints: ArrayLike<number>, joint: Joint): Vector3 => {
  const i = 3 * JOINT[joint];
  return [joints[i]!, joints[i + 1]!, joints[i + 2]!];
};
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe.skipIf(!hasData)(`procedural people against captured ones${NEEDS_DATA}`, () => {
  const real = readPoses(200);

  it('covers it: the nearest of 20,000 is within 80 mm at the median, 160 mm for 95 %', () => {
    const nearest = new Float64Array(real.length).fill(Infinity);
    const captured = real.map(standardise);
    for (let i = 0; i < 20_000; i++) {
      const drawn = standardise(samplePose(3, i).joints);
      captured.forEach((pose, k) => {
        nearest[k] = Math.min(nearest[k]!, meanDistance(pose, drawn, nearest[k]!));
      });
    }
    nearest.sort();
    expect(nearest[100]).toBeLessThan(0.08);
    expect(nearest[190]).toBeLessThan(0.16);
  });

  it('finds real people possible: their limbs are out of each other in nearly all poses', () => {
    const apart = real.filter((joints) => isApart(joints, 1.65)).length;
    expect(apart / real.length).toBeGreaterThan(0.9);
  });

  it('places spine, thorax, nose and head where captured people have them', () => {
    // upright people; height above and distance before the middle of the hips, in units of hips to
    // shoulders
    const profile = (list: readonly ArrayLike<number>[]) => {
      const rows = list.filter((joints) => {
        const up = subtract(at(joints, 'thorax'), at(joints, 'pelvis'));
        return up[1] / length(up) > 0.97;
      });
      return (['spine', 'thorax', 'neck', 'head'] as const).map((joint) =>
        mean(
          rows.map((joints) => {
            const shoulders = at(joints, 'leftShoulder')[1] + at(joints, 'rightShoulder')[1];
            const hips = at(joints, 'pelvis')[1];
            return (at(joints, joint)[1] - hips) / (shoulders / 2 - hips);
          }),
        ),
      );
    };
    const families: FamilyName[] = ['stand', 'walk', 'reachUp'];
    const poses = Array.from({ length: 3000 }, (_, i) => samplePose(1, i));
    const drawn = poses.filter(({ family }) => families.includes(family));
    const expected = profile(real);
    profile(drawn.map(({ joints }) => joints)).forEach((height, i) => {
      expect(Math.abs(height - expected[i]!)).toBeLessThan(0.05);
    });
  });
});

/** Every so many-th pose of the data set, metres, world, y up; none where it is absent. */
function readPoses(count: number): Float64Array[] {
  if (!hasData) return [];
  const { poses: all, count: total } = readMotion(bytesOf('cmu/cmu_poses.safetensors'));
  return Array.from({ length: count }, (_, i) => {
    const frame = Math.floor(((i + 0.5) * total) / count);
    return Float64Array.from(all.subarray(51 * frame, 51 * (frame + 1)));
  });
}

/**
 * Pelvis at the origin, hips and shoulders facing +z, bones of 3.86 m in all (those of the CMU
 * skeleton).
 */
function standardise(joints: ArrayLike<number>): Float64Array {
  const size = 3.86 / boneLengths(joints).reduce((a, b) => a + b, 0);
  const hips = subtract(at(joints, 'leftHip'), at(joints, 'rightHip'));
  const shoulders = subtract(at(joints, 'leftShoulder'), at(joints, 'rightShoulder'));
  const [x, z] = [hips[0] + shoulders[0], hips[2] + shoulders[2]];
  const [c, s] = [x / Math.hypot(x, z), z / Math.hypot(x, z)];
  const [px, py, pz] = at(joints, 'pelvis');
  const standard = new Float64Array(51);
  for (let i = 0; i < 51; i += 3) {
    const dx = size * (joints[i]! - px);
    const dz = size * (joints[i + 2]! - pz);
    standard[i] = c * dx + s * dz;
    standard[i + 1] = size * (joints[i + 1]! - py);
    standard[i + 2] = c * dz - s * dx;
  }
  return standard;
}

/** Mean distance of the joints, or anything above `limit` where it exceeds that. */
function meanDistance(a: Float64Array, b: Float64Array, limit: number): number {
  let sum = 0;
  for (let i = 0; i < 51 && sum <= 17 * limit; i += 3) {
    const x = a[i]! - b[i]!;
    const y = a[i + 1]! - b[i + 1]!;
    const z = a[i + 2]! - b[i + 2]!;
    sum += Math.sqrt(x * x + y * y + z * z);
  }
  return sum / 17;
}
