/**
 * Whether a human body can take a pose, told from its joints alone: trunk, head and limbs within
 * the joint limits of `angles.ts`, and no limb inside another.
 *
 * The angles are those of `kinematics.ts`, solved backwards. What joints do not show widens the
 * limits: how the pelvis is tilted against the lower trunk (its joints give only the line of the
 * hips), how the collar bones turn the shoulders, and the error of joints that were lifted.
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
import { HIGH, LOW, limb, type Side, TRUNK_INDEX } from './angles.ts';
import { penetration } from './plausible.ts';

export interface BodyFault {
  /** The joint that cannot be so. */
  readonly joint: Joint;
  /** What is wrong about it, to be said after the joint's name: "bends the wrong way". */
  readonly what: string;
  /** Degrees beyond the limit; 0 for limbs inside each other. */
  readonly beyond: number;
}

const DEGREE = Math.PI / 180;

/** What lifted joints get wrong about an angle, on top of the limits: degrees. */
const SLACK = 15;
/** The hips' angles are against the lower trunk, which bends against the pelvis. */
const LUMBAR_FLEX = [LOW[TRUNK_INDEX.lumbarFlex]! / DEGREE, HIGH[TRUNK_INDEX.lumbarFlex]! / DEGREE];
const LUMBAR_LEAN = HIGH[TRUNK_INDEX.lumbarLean]! / DEGREE;
/** How far the line of the shoulders may turn by the collar bones. */
const CLAVICLES = 20;
/** The axis about which a limb bends is known only where it does bend, by this much. */
const BENT = 35;
/** Metres that lifted limbs may be in each other: what flesh gives way, and what lifting gets wrong. */
const DEEP = 0.05;
/** Above this swing, a small error of the frame is a large one of the twist. */
const OVERHEAD = 140;

/** Axes of a part: x to the person's left, y up, z forward. */
interface Frame {
  readonly x: Vector3;
  readonly y: Vector3;
  readonly z: Vector3;
}
type Range = readonly [low: number, high: number];

/**
 * What a human body cannot do of this pose; nothing where it can take it.
 * @param pose [17 * 3] metres, in any right-handed frame, such as a camera's
 */
export function bodyFaults(pose: Coordinates<'metric'>): BodyFault[] {
  const faults: BodyFault[] = [];
  const at = (name: Joint): Vector3 => {
    const i = 3 * JOINT[name];
    return [pose[i]!, pose[i + 1]!, pose[i + 2]!];
  };
  const bone = (from: Joint, to: Joint) => subtract(at(to), at(from));
  const check = (joint: Joint, what: string, degrees: number, [low, high]: Range) => {
    const beyond = Math.max(low - degrees, degrees - high);
    if (beyond > 0) faults.push({ joint, what, beyond });
  };

  const hips = bone('rightHip', 'leftHip');
  const shoulders = bone('rightShoulder', 'leftShoulder');
  const pelvis = frameOf(hips, bone('pelvis', 'spine'));
  const chest = frameOf(shoulders, bone('spine', 'thorax'));
  const slanted = (line: Vector3, up: Vector3) => 90 - angle(line, up);

  // Two halves of one bone lie on one line.
  check(
    'pelvis',
    'is broken between the hips',
    180 - angle(bone('pelvis', 'leftHip'), bone('pelvis', 'rightHip')),
    [0, 40],
  );
  check(
    'pelvis',
    'is too slanted against the back',
    slanted(hips, bone('pelvis', 'spine')),
    around(LUMBAR_LEAN + SLACK),
  );
  check(
    'thorax',
    'has its shoulders too slanted',
    slanted(shoulders, bone('spine', 'thorax')),
    around(CLAVICLES + SLACK),
  );
  const middle = scale(add(at('leftShoulder'), at('rightShoulder')), 0.5);
  const forward = Math.atan2(dot(subtract(middle, at('thorax')), chest.z), length(shoulders) / 2);
  check('thorax', 'has its shoulders out of line', forward / DEGREE, [-45, 35]);

  const bent = swing(pelvis, bone('spine', 'thorax'), 1);
  check('spine', 'bends too far', bent.forward, widened(range(TRUNK_INDEX.chestFlex)));
  check('spine', 'leans too far', bent.left, widened(range(TRUNK_INDEX.chestLean)));
  const turned = twist(pelvis, bone('spine', 'thorax'), 1, chest.z);
  const turn = HIGH[TRUNK_INDEX.chestTurn]! / DEGREE + HIGH[TRUNK_INDEX.lumbarTurn]! / DEGREE;
  check('spine', 'is twisted too far', turned, around(turn + CLAVICLES + SLACK));

  head();
  for (const side of [0, 1] as const) {
    arm(side);
    leg(side);
  }
  const height = (length(bone('pelvis', 'spine')) + length(bone('spine', 'thorax'))) / 0.31;
  if (penetration(pose, height) > DEEP)
    faults.push({ joint: 'pelvis', what: 'has limbs inside each other', beyond: 0 });
  return faults;

  function head() {
    // The head turns about a point above the thorax, from which the nose is in front.
    const unit = length(bone('spine', 'thorax')) / 0.168;
    const neck = add(at('thorax'), add(scale(chest.y, 0.036 * unit), scale(chest.z, 0.012 * unit)));
    const up = subtract(at('head'), neck);
    const { forward, left } = swing(chest, up, 1);
    check('head', 'is bent too far', forward, widened(range(TRUNK_INDEX.headFlex), 2));
    check('head', 'leans too far', left, widened(range(TRUNK_INDEX.headLean), 2));
    const turned = twist(chest, up, 1, subtract(at('neck'), at('head')));
    check('head', 'is turned too far', turned, widened(range(TRUNK_INDEX.headTurn), 2));
  }

  function arm(side: Side) {
    const [shoulder, elbow, wrist] = joints(side, 'Shoulder', 'Elbow', 'Wrist');
    const upper = bone(shoulder, elbow);
    const { forward, left, size } = swing(chest, upper, -1);
    const flex = range(limb(side, 'shoulderFlex'));
    const abduct = range(limb(side, 'shoulderAbduct'));
    cone(shoulder, forward, outward(side, left), widened(flex, 2), widened(abduct, 2));
    const bend = angle(upper, bone(elbow, wrist));
    check(elbow, 'bends too far', bend, widened(range(limb(side, 'elbow'))));
    if (bend < BENT || size > OVERHEAD) return;
    const inward = -outward(side, twist(chest, upper, -1, bone(elbow, wrist)));
    hinge(elbow, inward, widened(range(limb(side, 'shoulderTwist')), 2));
  }

  function leg(side: Side) {
    const [hip, knee, ankle] = joints(side, 'Hip', 'Knee', 'Ankle');
    const thigh = bone(hip, knee);
    const { forward, left, size } = swing(pelvis, thigh, -1);
    const [back, front] = widened(range(limb(side, 'hipFlex')));
    const [inside, outside] = widened(range(limb(side, 'hipAbduct')));
    const flex = [back + LUMBAR_FLEX[0]!, front + LUMBAR_FLEX[1]!] as const;
    cone(hip, forward, outward(side, left), flex, [inside - LUMBAR_LEAN, outside + LUMBAR_LEAN]);
    const bend = angle(thigh, bone(knee, ankle));
    check(knee, 'bends too far', bend, widened(range(limb(side, 'knee'))));
    if (bend < BENT || size > OVERHEAD) return;
    // A knee bends backwards.
    const inward = -outward(side, twist(pelvis, thigh, -1, scale(bone(knee, ankle), -1)));
    hinge(knee, inward, widened(range(limb(side, 'hipTwist')), 2));
  }

  /** Two angles of one swing, whose limits together are an elliptic cone. */
  function cone(joint: Joint, a: number, b: number, aRange: Range, bRange: Range) {
    const share = Math.hypot(a / aRange[a < 0 ? 0 : 1], b / bRange[b < 0 ? 0 : 1]);
    const size = Math.hypot(a, b);
    if (share > 1) faults.push({ joint, what: 'is turned too far', beyond: size - size / share });
  }

  /** A limb that bends out of the plane that the joint above lets it have. */
  function hinge(joint: Joint, inward: number, [low, high]: Range) {
    const beyond = Math.max(low - inward, inward - high);
    if (beyond <= 0) return;
    const wrong = Math.abs(inward) > 125;
    faults.push({ joint, what: wrong ? 'bends the wrong way' : 'bends sideways', beyond });
  }
}

const around = (degrees: number): Range => [-degrees, degrees];
const range = (angleIndex: number): Range => [
  LOW[angleIndex]! / DEGREE,
  HIGH[angleIndex]! / DEGREE,
];
const widened = ([low, high]: Range, times = 1): Range => [
  low - times * SLACK,
  high + times * SLACK,
];
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
