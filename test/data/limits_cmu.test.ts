/** Which captured poses are found impossible, and which of those that depth mirrored. */

import { describe, expect, test } from 'vitest';
import { bodyFaults } from '../../src/data/body/limits.ts';
import { readMotion } from '../../src/data/motion.ts';
import { randomAt } from '../../src/data/random.ts';
import {
  CHOICE_COUNT,
  type Choices,
  choicesOf,
  depthCandidates,
} from '../../src/pose/candidates.ts';
import { apply, dot, length, scale, subtract, type Vector3 } from '../../src/pose/linear.ts';
import { fromAxisAngle } from '../../src/pose/rotation.ts';
import { BONES, boneLengths, JOINT, JOINT_COUNT } from '../../src/pose/skeleton.ts';
import { bytesOf, hasData, NEEDS_DATA } from './dataset.ts';

/** Clips in which elbows were captured bent backwards. */
const BROKEN = ['13/13_18', '01/01_01'];
const isImpossible = (pose: Float64Array) => bodyFaults(pose).length > 0;
const share = (poses: readonly Float64Array[]) => poses.filter(isImpossible).length / poses.length;

describe.skipIf(!hasData)(`poses of real people${NEEDS_DATA}`, () => {
  const { whole, broken } = readPoses();
  const views = whole.filter((_, i) => i % 24 === 0).map(seen);

  test('are possible in 199 of 200 captured ones', () => {
    expect(whole.length).toBeGreaterThan(24_000);
    expect(share(whole)).toBeLessThan(0.005);
  });

  test('are impossible where they were captured with elbows bent backwards', () => {
    expect(share(broken)).toBeGreaterThan(0.6);
    const told = new Set(broken.flatMap((pose) => bodyFaults(pose).map(({ what }) => what)));
    expect([...told]).toContain('bends the wrong way');
  });

  test('with a knee that bends backwards are found in 99 of 100, an elbow in 4 of 5', () => {
    const knees = views.flatMap((pose) => bentBackwards(pose, ['leftHip', 'rightHip']));
    const elbows = views.flatMap((pose) => bentBackwards(pose, ['leftShoulder', 'rightShoulder']));
    expect(knees.length).toBeGreaterThan(1000);
    expect(share(knees)).toBeGreaterThan(0.99);
    expect(share(elbows)).toBeGreaterThan(0.8);
  });

  test('that depth turned inside out are found always, with random bones turned in 9 of 10', () => {
    const every = CHOICE_COUNT - 1;
    expect(share(mirrored(views, () => every))).toBe(1);
    const draw = (_: Float64Array, i: number) =>
      Math.floor(CHOICE_COUNT * randomAt(5, i).uniform());
    expect(share(mirrored(views, draw))).toBeGreaterThan(0.9);
  });

  test('with a leg or a shin turned in depth are found where no hip allows it', () => {
    const bits = (names: readonly string[]) =>
      BONES.reduce((sum, { name }, i) => sum + (names.includes(name) ? 2 ** i : 0), 0);
    const legs = mirrored(views, () => bits(['leftThigh', 'leftShank']));
    const shins = mirrored(views, () => bits(['leftShank']));
    expect(share(legs)).toBeGreaterThan(0.5);
    // Most shins can hang behind the thigh as well as before it.
    expect(share(shins)).toBeGreaterThan(0.25);
  });
});

/** All captured poses, metres, world, y up; those of the broken clips apart. */
function readPoses() {
  const whole: Float64Array[] = [];
  const broken: Float64Array[] = [];
  if (!hasData) return { whole, broken };
  const { poses, clips } = readMotion(bytesOf('cmu/cmu_poses.safetensors'));
  for (const { name, start, count } of clips)
    for (let i = start; i < start + count; i++)
      (BROKEN.includes(name) ? broken : whole).push(
        Float64Array.from(poses.subarray(51 * i, 51 * (i + 1))),
      );
  return { whole, broken };
}

/** A pose before a camera that stands somewhere around the person, 4.5 m away. */
function seen(pose: Float64Array, i: number): Float64Array {
  const turn = 2 * Math.PI * randomAt(3, i).uniform();
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  const view = new Float64Array(3 * JOINT_COUNT);
  for (let j = 0; j < view.length; j += 3) {
    const [x, y, z] = [pose[j]! - pose[0]!, pose[j + 1]! - pose[1]!, pose[j + 2]! - pose[2]!];
    // Half a turn about x brings y down.
    view.set([c * x + s * z, -y, 4.5 - (c * z - s * x)], j);
  }
  return view;
}

/** The pose with each limb that bends by 40 degrees or more mirrored about the line of its ends. */
function bentBackwards(pose: Float64Array, limbs: readonly (keyof typeof JOINT)[]) {
  const at = (joint: number): Vector3 => [
    pose[3 * joint]!,
    pose[3 * joint + 1]!,
    pose[3 * joint + 2]!,
  ];
  return limbs.flatMap((limb) => {
    const first = JOINT[limb];
    const upper = subtract(at(first + 1), at(first));
    const lower = subtract(at(first + 2), at(first + 1));
    if (dot(upper, lower) > Math.cos((40 * Math.PI) / 180) * length(upper) * length(lower))
      return [];
    const line = subtract(at(first + 2), at(first));
    const half = fromAxisAngle(scale(line, Math.PI / length(line)));
    const turned = apply(half, upper);
    const bent = pose.slice();
    for (let k = 0; k < 3; k++) bent[3 * (first + 1) + k] = at(first)[k]! + turned[k]!;
    return [bent];
  });
}

/** The people who look the same with these bones turned in depth, where all can reach their rays. */
function mirrored(
  views: readonly Float64Array[],
  turned: (view: Float64Array, i: number) => Choices,
): Float64Array[] {
  return views.flatMap((view, i) => {
    const rays = Float64Array.from({ length: 2 * JOINT_COUNT }, (_, k) => {
      const joint = 3 * Math.floor(k / 2);
      return view[joint + (k % 2)]! / view[joint + 2]!;
    });
    const candidates = depthCandidates(rays, boneLengths(view), view[2]!);
    const bones = turned(view, i);
    const person = candidates.person(choicesOf(view) ^ bones);
    if (!person) return [];
    // What lies across its ray turns into nearly itself.
    const moved = BONES.some(
      ({ to }, bone) =>
        (bones >> bone) & 1 && Math.abs(person[3 * to + 2]! - view[3 * to + 2]!) > 0.2,
    );
    return moved ? [person] : [];
  });
}
