/**
 * The angles of a body that its joints alone tell: those of `kinematics.ts`, solved backwards. The
 * joints do not show how the pelvis is tilted against the lower trunk (they give only the line of
 * the hips), nor how the collar bones turn the shoulders: both are in these angles.
 */

import {
  add,
  apply,
  cross,
  dot,
  length,
  normalise,
  scale,
  subtract,
  type Vector3,
} from '../../pose/linear.ts';
import { fromAxisAngle } from '../../pose/rotation.ts';
import { type Coordinates, JOINT, type Joint } from '../../pose/skeleton.ts';
import type { Side } from './angles.ts';
import { penetration } from './plausible.ts';

const DEGREE = Math.PI / 180;

/**
 * The axis about which a limb bends is known only where it does bend, and its twist only where it
 * does not swing too far: the frame of the pelvis, of which the joints tell only one line and the
 * lower back, is off by what the back bends. [bend from, swing up to]
 */
const ARM_KNOWN = [35, 140] as const;
const LEG_KNOWN = [35, 45] as const;
const RAISED_LEG_KNOWN = [35, 140] as const;

/** Degrees, but for `inside`. Forward, to the person's left and outward are positive. */
export const MEASURES = [
  'pelvisBreak',
  'pelvisSlant',
  'shouldersSlant',
  'shouldersForward',
  'chestFlex',
  'chestLean',
  'chestTurn',
  'headFlex',
  'headLean',
  'headTurn',
  'shoulderFlex',
  'shoulderAbduct',
  'shoulderTwist',
  'elbow',
  'hipFlex',
  'hipAbduct',
  'hipTwist',
  'raisedHipTwist',
  'knee',
  /** Metres that two parts are in each other. */
  'inside',
] as const;

export type MeasureName = (typeof MEASURES)[number];

/** Axes of a part: x to the person's left, y up, z forward. */
interface Frame {
  readonly x: Vector3;
  readonly y: Vector3;
  readonly z: Vector3;
}

/**
 * Calls back for each measure that the pose shows, in one order; those of a limb for the left one,
 * then for the right one.
 * @param pose [17 * 3] metres, in any right-handed frame, such as a camera's
 */
export function measureBody(
  pose: Coordinates<'metric'>,
  found: (name: MeasureName, joint: Joint, value: number) => void,
): void {
  const at = (name: Joint): Vector3 => {
    const i = 3 * JOINT[name];
    return [pose[i]!, pose[i + 1]!, pose[i + 2]!];
  };
  const bone = (from: Joint, to: Joint) => subtract(at(to), at(from));
  const lower = bone('pelvis', 'spine');
  const upper = bone('spine', 'thorax');
  const hips = bone('rightHip', 'leftHip');
  const shoulders = bone('rightShoulder', 'leftShoulder');
  const pelvis = frameOf(hips, lower);
  const chest = frameOf(shoulders, upper);

  // Two halves of one bone lie on one line.
  const halves = angle(bone('pelvis', 'leftHip'), bone('pelvis', 'rightHip'));
  found('pelvisBreak', 'pelvis', 180 - halves);
  found('pelvisSlant', 'pelvis', 90 - angle(hips, lower));
  found('shouldersSlant', 'thorax', 90 - angle(shoulders, upper));
  const middle = scale(add(at('leftShoulder'), at('rightShoulder')), 0.5);
  const ahead = dot(subtract(middle, at('thorax')), chest.z);
  found('shouldersForward', 'thorax', Math.atan2(ahead, length(shoulders) / 2) / DEGREE);
  const bent = swing(pelvis, upper, 1);
  found('chestFlex', 'spine', bent.forward);
  found('chestLean', 'spine', bent.left);
  found('chestTurn', 'spine', twist(pelvis, upper, 1, chest.z));
  head();
  for (const side of [0, 1] as const) {
    arm(side);
    leg(side);
  }
  found('inside', 'pelvis', penetration(pose, (length(lower) + length(upper)) / 0.31));

  function head() {
    // The head turns about a point above the thorax, from which the nose is in front.
    const unit = length(upper) / 0.168;
    const neck = add(at('thorax'), add(scale(chest.y, 0.036 * unit), scale(chest.z, 0.012 * unit)));
    const up = subtract(at('head'), neck);
    const { forward, left } = swing(chest, up, 1);
    found('headFlex', 'head', forward);
    found('headLean', 'head', left);
    found('headTurn', 'head', twist(chest, up, 1, subtract(at('neck'), at('head'))));
  }

  function arm(side: Side) {
    const [shoulder, elbow, wrist] = joints(side, 'Shoulder', 'Elbow', 'Wrist');
    const arm = bone(shoulder, elbow);
    const forearm = bone(elbow, wrist);
    const { forward, left, size } = swing(chest, arm, -1);
    found('shoulderFlex', shoulder, forward);
    found('shoulderAbduct', shoulder, outward(side, left));
    const bend = angle(arm, forearm);
    found('elbow', elbow, bend);
    if (bend < ARM_KNOWN[0] || size > ARM_KNOWN[1]) return;
    found('shoulderTwist', elbow, -outward(side, twist(chest, arm, -1, forearm)));
  }

  function leg(side: Side) {
    const [hip, knee, ankle] = joints(side, 'Hip', 'Knee', 'Ankle');
    const thigh = bone(hip, knee);
    const shank = bone(knee, ankle);
    const { forward, left, size } = swing(pelvis, thigh, -1);
    found('hipFlex', hip, forward);
    found('hipAbduct', hip, outward(side, left));
    const bend = angle(thigh, shank);
    found('knee', knee, bend);
    const name = size < LEG_KNOWN[1] ? 'hipTwist' : 'raisedHipTwist';
    const [least, most] = size < LEG_KNOWN[1] ? LEG_KNOWN : RAISED_LEG_KNOWN;
    if (bend < least || size > most) return;
    // A knee bends backwards.
    found(name, knee, -outward(side, twist(pelvis, thigh, -1, scale(shank, -1))));
  }
}

const outward = (side: Side, left: number) => (side === 0 ? left : -left);
const joints = (side: Side, ...parts: string[]) =>
  parts.map((part) => `${side === 0 ? 'left' : 'right'}${part}`) as [Joint, Joint, Joint];

/** Degrees between two vectors; 0 where one has no length. */
function angle(a: Vector3, b: Vector3): number {
  return Math.atan2(length(cross(a, b)), dot(a, b)) / DEGREE;
}

/** The frame with this upward axis, whose x is as near to the line to the left as it can be. */
function frameOf(left: Vector3, up: Vector3): Frame {
  const y = normalise(up);
  const x = normalise(subtract(left, scale(y, dot(left, y))));
  return { x, y, z: cross(x, y) };
}

/** The rotation vector (degrees about x and z) that swings a frame's +y or -y to a direction. */
function swing({ x, y, z }: Frame, to: Vector3, sign: 1 | -1) {
  const [across, along, ahead] = [dot(to, x), sign * dot(to, y), dot(to, z)];
  const flat = Math.hypot(across, ahead);
  const size = Math.atan2(flat, along) / DEGREE;
  const share = flat > 0 ? size / flat : 0;
  return { forward: share * ahead, left: share * across, size };
}

/**
 * How far, in degrees about the upward axis of the swung frame and from its forward axis towards the
 * left, a direction points.
 */
function twist(frame: Frame, to: Vector3, sign: 1 | -1, direction: Vector3): number {
  const rest = scale(frame.y, sign);
  const axis = cross(rest, to);
  const turned = length(axis) > 1e-12 * length(to) ? normalise(axis) : frame.x;
  const r = fromAxisAngle(scale(turned, angle(rest, to) * DEGREE));
  return Math.atan2(dot(direction, apply(r, frame.x)), dot(direction, apply(r, frame.z))) / DEGREE;
}
