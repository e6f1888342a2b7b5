import { JOINT, JOINT_COUNT, type Pose3d } from '../../pose/skeleton.ts';
import { type Random, randomAt } from '../random.ts';
import { ANGLE_COUNT } from './angles.ts';
import { type Build, sampleBuild } from './build.ts';
import { drawFamily, FAMILIES, FAMILY_MIXTURE, type FamilyName } from './families.ts';
import { pick } from './gestures.ts';
import { type Body, emptyBody, poseBody } from './kinematics.ts';
import { bodyJoints, soles } from './landmarks.ts';
import { explore, perturb } from './perturb.ts';
import { isApart, isBalanced, lowest } from './plausible.ts';
import { STREAM } from './streams.ts';

export interface SampledPose {
  /** [17 * 3], metres, world frame: y up, the lowest part of the body on the floor y = 0. */
  readonly joints: Pose3d;
  readonly family: FamilyName;
  /** Whether limits rather than templates shaped it. */
  readonly explored: boolean;
  /** Stature in metres. */
  readonly height: number;
  /** All of the body, for other skeletons (`bodyJoints`) and for drawing. */
  readonly body: Body;
}

export interface PoseOptions {
  /** The person; by default another one for every index. */
  readonly build?: Build;
  /** Only this family; by default all, by their weights. */
  readonly family?: FamilyName;
  /** Share of poses that explore the joint limits, 0.1 by default. */
  readonly exploration?: number;
}

/**
 * Least height of each joint above the floor, as a fraction of stature: the thickness of the body
 * about it. An ankle is less, because a foot can stand on its edge.
 */
const CLEARANCE = new Float64Array(JOINT_COUNT).fill(0.03);
CLEARANCE[JOINT.pelvis] = 0.06;
CLEARANCE[JOINT.leftAnkle] = CLEARANCE[JOINT.rightAnkle] = 0.012;

/**
 * Pose `index` of the endless sequence `seed`: a person on level ground in a pose drawn from the
 * template families, varied within the joint limits, turned anywhere about the vertical. Poses in
 * which limbs enter each other, or in which someone who stands would fall, are drawn again.
 * @param index whole number below 2^32; any order, each alone
 */
export function samplePose(seed: number, index: number, options: PoseOptions = {}): SampledPose {
  const random = randomAt(seed, STREAM.pose, index);
  const build = options.build ?? sampleBuild(random);
  const family = options.family ?? pick(FAMILY_MIXTURE, random);
  const explored = random.chance(options.exploration ?? 0.1);
  const angles = new Float64Array(ANGLE_COUNT);
  const body = emptyBody(build);
  const joints: Pose3d = bodyJoints(body);
  for (let attempt = 0; ; attempt++) {
    // narrower after many refusals, so that it ends
    const spread = attempt < 12 ? 1 : 0.9 ** (attempt - 11);
    drawFamily(family, angles, random, spread);
    if (explored && attempt < 12) explore(angles, random);
    else perturb(angles, random, spread);
    // feet follow the ground where they bear weight; in the air, kneeling and lying they hang
    const { support } = FAMILIES[family];
    const level = support === 'balanced' || support === 'moving' || random.chance(0.5);
    poseBody(body, angles, random.uniform(0, 2 * Math.PI), level);
    bodyJoints(body, 'h36m17', joints);
    if (attempt < 60 && !isPlausible(joints, body, family, random)) continue;
    standOn(joints, body);
    return { joints, family, explored, height: build.height, body };
  }
}

function isPlausible(joints: Pose3d, body: Body, family: FamilyName, random: Random): boolean {
  if (!isApart(joints, body.build.height)) return false;
  const { support } = FAMILIES[family];
  if (support === 'any') return true;
  const feet = soles(body);
  const seat = joints[3 * JOINT.pelvis + 1]! - CLEARANCE[JOINT.pelvis]! * body.build.height;
  if (support === 'seat') return seat < lowest(feet) + 0.1;
  // on their feet: nothing else reaches the floor
  if (lowest(feet) > lowestSkin(joints, body)) return false;
  return support === 'moving' || random.chance(0.2) || isBalanced(joints, feet);
}

/** Height of the lowest point of the body without its soles. */
function lowestSkin(joints: Pose3d, body: Body): number {
  let y = Infinity;
  for (let joint = 0; joint < JOINT_COUNT; joint++)
    y = Math.min(y, joints[3 * joint + 1]! - CLEARANCE[joint]! * body.build.height);
  return y;
}

/**
 * Moves the body, in place, so that its lowest part touches the floor; the pelvis stays over the
 * world's origin.
 */
function standOn(joints: Pose3d, body: Body): void {
  const floor = Math.min(lowest(soles(body)), lowestSkin(joints, body));
  for (let i = 1; i < joints.length; i += 3) joints[i]! -= floor;
  for (let i = 1; i < body.origins.length; i += 3) body.origins[i]! -= floor;
}
