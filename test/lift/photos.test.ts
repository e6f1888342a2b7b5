/** The shipped lifter on real photos: what it makes of them must be people. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jointsToHuman36m, readJoints } from '../../src/data/joints.ts';
import { type Gpu, openGpu } from '../../src/gpu/gpu.ts';
import type { Lifter } from '../../src/lift/lifter.ts';
import { loadLifter } from '../../src/lift/load.ts';
import type { Lifted } from '../../src/lift/placed.ts';
import { martinez } from '../../src/models/martinez.ts';
import { cameraFromFov } from '../../src/pose/camera.ts';
import { procrustes } from '../../src/pose/procrustes.ts';
import {
  BONE_PAIRS,
  BONES,
  boneLengths,
  JOINT,
  type Joint,
  type Pose3d,
} from '../../src/pose/skeleton.ts';
import { hasData, NEEDS_DATA, textOf } from '../data/dataset.ts';

const weights = new URL('../../weights/martinez.safetensors', import.meta.url);

/** Elbows, wrists, knees and ankles, with the shoulders and hips that they hang from. */
const LIMBS: readonly Joint[] = (['left', 'right'] as const).flatMap((side) =>
  (['Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle'] as const).map(
    (part) => `${side}${part}` as Joint,
  ),
);

describe.skipIf(!hasData)(`photos${NEEDS_DATA}`, () => {
  const json = hasData ? textOf('photos/keypoints.json') : '{}';
  let gpu: Gpu;
  let lifter: Lifter;
  beforeAll(async () => {
    gpu = await openGpu();
    lifter = await loadLifter(martinez, weights, { gpu });
  });
  afterAll(() => gpu?.close());

  const lift = (name: string): Promise<Lifted> => {
    const joints = readJoints(json, name);
    const camera = cameraFromFov(joints.width!, joints.height!, 60);
    return lifter.lift(jointsToHuman36m(joints), camera);
  };

  for (const name of ['skier.jpg', 'yoga.jpg']) {
    test(`${name} is reprojected within 5 % of the box, by a body whose sides are alike (equaliseSides sees to that)`, async () => {
      const { pose, relativeError } = await lift(name);
      expect(relativeError).toBeLessThan(0.05);
      const lengths = boneLengths(pose as Pose3d);
      for (const [left, right] of BONE_PAIRS) {
        const [a, b] = [left, right].map((bone) => lengths[BONES.indexOf(bone)]!) as [
          number,
          number,
        ];
        expect(Math.abs(a - b) / Math.max(a, b), `${left.name} ${a} and ${b} m`).toBeLessThan(0.1);
      }
      // A person, not a doll or a giant: thighs and shanks of 0.3 to 0.6 m.
      for (const [i, { name: bone }] of BONES.entries()) {
        if (!/Thigh|Shank/.test(bone)) continue;
        expect(lengths[i], bone).toBeGreaterThan(0.3);
        expect(lengths[i], bone).toBeLessThan(0.6);
      }
    });
  }

  test('the limbs of yoga.jpg agree with an independent estimate within 100 mm', async () => {
    const estimate = JSON.parse(json)['yoga.jpg'].estimate3d as Record<string, number[]>;
    const { pose } = await lift('yoga.jpg');
    const pick = (joint: Joint) => [0, 1, 2].map((k) => pose[3 * JOINT[joint] + k]!);
    const named = (joint: Joint) =>
      estimate[joint.replace(/[A-Z]/, (c) => `_${c.toLowerCase()}`)] as number[];
    const ours = LIMBS.flatMap(pick);
    const theirs = LIMBS.flatMap(named);
    const { aligned } = procrustes(ours as never, theirs as never);
    const distances = LIMBS.map((_, i) =>
      Math.hypot(...[0, 1, 2].map((k) => aligned[3 * i + k]! - theirs[3 * i + k]!)),
    );
    const mean = (1000 * distances.reduce((a, b) => a + b)) / LIMBS.length;
    expect(mean).toBeLessThan(100);
  });
});
