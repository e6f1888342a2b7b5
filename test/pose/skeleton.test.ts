import { expect, it } from 'vitest';
import {
  BONE_PAIRS,
  BONES,
  boneLengths,
  JOINT,
  JOINTS,
  LEFT,
  MIRROR,
  mirrorPose,
  PARENTS,
  RIGHT,
} from '../../src/pose/skeleton.ts';

it('has the right leg first and the left arm first', () => {
  expect([JOINT.rightHip, JOINT.leftHip, JOINT.leftShoulder, JOINT.rightShoulder]).toEqual([
    1, 4, 11, 14,
  ]);
  expect(LEFT.map((i) => JOINTS[i])).toEqual(JOINTS.filter((name) => name.startsWith('left')));
  expect(new Set(RIGHT)).toEqual(
    new Set(JOINTS.flatMap((name, i) => (name.startsWith('right') ? [i] : []))),
  );
});

it('mirrors names, parents and bones alike', () => {
  JOINTS.forEach((name, i) => {
    const other = name.replace(/^(left|right)/, (side) => (side === 'left' ? 'right' : 'left'));
    expect(JOINTS[MIRROR[i]!]).toBe(other);
    const parent = PARENTS[i]!;
    expect(parent).toBeLessThan(i);
    if (parent >= 0) expect(PARENTS[MIRROR[i]!]).toBe(MIRROR[parent]);
  });
  expect(BONE_PAIRS).toHaveLength(6);
  for (const [left, right] of BONE_PAIRS)
    expect(right.name).toBe(left.name.replace('left', 'right'));
  expect(BONES.find((bone) => bone.name === 'leftForearm')).toMatchObject({
    from: JOINT.leftElbow,
    to: JOINT.leftWrist,
    side: 'left',
  });
});

it('mirrors a pose by hand, and twice is the identity', () => {
  const pose = Float64Array.from({ length: 51 }, (_, i) => i + 1);
  const mirrored = mirrorPose(pose, 3);
  const left = 3 * JOINT.leftWrist;
  const right = 3 * JOINT.rightWrist;
  expect([...mirrored.subarray(left, left + 3)]).toEqual([-pose[right]!, right + 2, right + 3]);
  expect(mirrorPose(mirrored, 3)).toEqual(pose);
  expect(boneLengths(mirrored)[3]).toBe(boneLengths(pose)[0]);
  expect(() => mirrorPose(pose, 2)).toThrow(/51 numbers/);
});
