import { expect, test } from 'vitest';
import { ANGLE_COUNT, limb, TRUNK_INDEX } from '../../src/data/body/angles.ts';
import { meanBuild } from '../../src/data/body/build.ts';
import { emptyBody, poseBody } from '../../src/data/body/kinematics.ts';
import { bodyJoints } from '../../src/data/body/landmarks.ts';
import { bodyFaults } from '../../src/data/body/limits.ts';
import { samplePose } from '../../src/data/body/sample.ts';
import { bodyView } from '../../src/data/body/source.ts';

const DEGREE = Math.PI / 180;

/** A person of these angles in degrees, turned by any amount. */
function posed(angles: Readonly<Record<number, number>>): Float64Array {
  const values = new Float64Array(ANGLE_COUNT);
  // Arms a little away from the hips, so that they are in nobody's way.
  for (const side of [0, 1] as const) values[limb(side, 'shoulderAbduct')] = 25 * DEGREE;
  for (const [i, degrees] of Object.entries(angles)) values[+i] = degrees * DEGREE;
  const body = emptyBody(meanBuild());
  poseBody(body, values, 1.1);
  return bodyJoints(body);
}
const told = (angles: Readonly<Record<number, number>>) =>
  bodyFaults(posed(angles)).map(({ joint, what }) => `${joint} ${what}`);

test('poses within the limits of the joints are human, in the world and before a camera', () => {
  expect(told({})).toEqual([]);
  let strange = 0;
  for (let i = 0; i < 400; i++) {
    if (bodyFaults(samplePose(5, i).joints).length > 0) strange++;
    if (bodyFaults(bodyView(6, i).pose).length > 0) strange++;
  }
  expect(strange).toBeLessThan(4);
});

test('what no body can do is named', () => {
  expect(told({ [limb(0, 'knee')]: -50 })).toEqual(['leftKnee bends the wrong way']);
  expect(told({ [limb(1, 'elbow')]: -70 })).toEqual(['rightElbow bends the wrong way']);
  expect(told({ [limb(1, 'knee')]: 80, [limb(1, 'hipTwist')]: 100 })).toEqual([
    'rightKnee bends sideways',
  ]);
  expect(told({ [limb(0, 'hipAbduct')]: 135 })).toContain('leftHip is turned too far');
  expect(told({ [limb(0, 'shoulderFlex')]: -120 })).toEqual(['leftShoulder is turned too far']);
  expect(told({ [TRUNK_INDEX.headTurn]: 150 })).toEqual(['head is turned too far']);
  expect(told({ [TRUNK_INDEX.chestFlex]: 100 })).toContain('spine bends too far');
  expect(told({ [TRUNK_INDEX.chestTurn]: 110 })).toEqual(['spine is twisted too far']);
  const [fault] = bodyFaults(posed({ [TRUNK_INDEX.headTurn]: 150 }));
  expect(fault!.beyond).toBeCloseTo(150 - 92, 5);
});
