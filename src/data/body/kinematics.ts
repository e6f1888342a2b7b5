import { JOINT_SETS, type JointSetName } from '../../pose/joint_sets.ts';
import type { Pose3d } from '../../pose/skeleton.ts';
import { limb, type Side, TRUNK_INDEX } from './angles.ts';
import type { Build } from './build.ts';

/** The rigid parts of the body. Each has a frame: x to the person's left, y up, z forward, at its joint towards the pelvis. */
export const PARTS = [
  ...(['pelvis', 'abdomen', 'chest', 'head'] as const),
  ...(['leftClavicle', 'leftUpperArm', 'leftForearm', 'leftHand'] as const),
  ...(['leftThigh', 'leftShank', 'leftFoot'] as const),
  ...(['rightClavicle', 'rightUpperArm', 'rightForearm', 'rightHand'] as const),
  ...(['rightThigh', 'rightShank', 'rightFoot'] as const),
] as const;

export type Part = (typeof PARTS)[number];

export const PART = Object.fromEntries(PARTS.map((part, i) => [part, i])) as {
  readonly [P in Part]: number;
};

/** Parts of a side, counted from its clavicle. */
const SIDE_START = [PART.leftClavicle, PART.rightClavicle] as const;
const UPPER_ARM = 1;
const FOREARM = 2;
const HAND = 3;
const THIGH = 4;
const SHANK = 5;
const FOOT = 6;

/** Where the parts of a body are, in the world. */
export interface Body {
  readonly build: Build;
  /** [parts, 9], row-major, part to world. */
  readonly rotations: Float64Array;
  /** [parts, 3], metres. */
  readonly origins: Float64Array;
}

/**
 * Forward kinematics: the body with its pelvis at the origin.
 * @param angles radians, in the order of `angles.ts`
 * @param yaw turn about the vertical; at 0 the person faces +z, at pi / 2 +x
 * @param levelSoles where true, ankles are turned (within `ankle`'s limits) so that the soles are level, and `angles` is updated
 */
export function poseBody(
  build: Build,
  angles: Float64Array,
  yaw: number,
  levelSoles = false,
): Body {
  const body: Body = {
    build,
    rotations: new Float64Array(9 * PARTS.length),
    origins: new Float64Array(3 * PARTS.length),
  };
  const T = TRUNK_INDEX;
  const own = new Float64Array(9);
  const at = (i: number) => angles[i]!;
  swingTwist(own, at(T.pelvisPitch), -at(T.pelvisRoll), 0);
  multiplyInto(body.rotations, 0, turn(yaw), 0, own);
  swingTwist(own, at(T.lumbarFlex), -at(T.lumbarLean), at(T.lumbarTurn));
  attach(body, PART.abdomen, PART.pelvis, 0, 0, 0, own);
  swingTwist(own, at(T.chestFlex), -at(T.chestLean), at(T.chestTurn));
  attach(body, PART.chest, PART.abdomen, 0, build.lowerTrunk, 0, own);
  swingTwist(own, at(T.headFlex), -at(T.headLean), at(T.headTurn));
  const { height } = build;
  attach(body, PART.head, PART.chest, 0, build.upperTrunk + 0.036 * height, 0.012 * height, own);
  poseSide(body, angles, 0, own, levelSoles);
  poseSide(body, angles, 1, own, levelSoles);
  return body;
}

function poseSide(
  body: Body,
  angles: Float64Array,
  side: Side,
  own: Float64Array,
  levelSoles: boolean,
): void {
  const { build } = body;
  const outward = side === 0 ? 1 : -1;
  const first = SIDE_START[side];
  const at = (name: Parameters<typeof limb>[1]) => angles[limb(side, name)]!;
  // the clavicle turns about the breastbone's end, a fifth of the way to the shoulder
  const inner = 0.2 * build.shoulderHalfWidth;
  const y = build.upperTrunk - build.shoulderDrop;
  const z = -0.0095 * build.height;
  const lift = at('clavicleLift');
  const forward = at('clavicleForward');
  clavicle(own, outward * lift, -outward * forward);
  attach(body, first, PART.chest, outward * inner, y, z, own);
  swingTwist(
    own,
    -at('shoulderFlex'),
    outward * at('shoulderAbduct'),
    -outward * at('shoulderTwist'),
  );
  // the arm hangs from the chest, not from the turned clavicle
  attach(
    body,
    first + UPPER_ARM,
    first,
    outward * (build.shoulderHalfWidth - inner),
    0,
    0,
    own,
    PART.chest,
  );
  swingTwist(own, -at('elbow'), 0, -outward * at('forearmTwist'));
  attach(body, first + FOREARM, first + UPPER_ARM, 0, -build.upperArm, 0, own);
  swingTwist(own, 0, -outward * at('wrist'), 0);
  attach(body, first + HAND, first + FOREARM, 0, -build.forearm, 0, own);
  swingTwist(own, -at('hipFlex'), outward * at('hipAbduct'), -outward * at('hipTwist'));
  attach(body, first + THIGH, PART.pelvis, outward * build.hipHalfWidth, 0, 0, own);
  swingTwist(own, at('knee'), 0, 0);
  attach(body, first + SHANK, first + THIGH, 0, -build.thigh, 0, own);
  if (levelSoles) {
    const r = body.rotations;
    const k = 9 * (first + SHANK);
    const level = Math.atan2(-r[k + 5]!, r[k + 4]!);
    angles[limb(side, 'ankle')] = Math.min(0.44, Math.max(-0.87, level));
  }
  swingTwist(own, -at('ankle'), 0, 0);
  attach(body, first + FOOT, first + SHANK, 0, -build.shank, 0, own);
}

/** out = swing twist: the swing by the rotation vector (x, 0, z), the twist about y. */
function swingTwist(out: Float64Array, x: number, z: number, twist: number): void {
  const angle = Math.sqrt(x * x + z * z);
  const s = angle > 1e-9 ? Math.sin(angle) / angle : 1;
  const h = Math.sin(angle / 2);
  const c1 = angle > 1e-9 ? (2 * h * h) / (angle * angle) : 0.5;
  const c = Math.cos(angle);
  // Rodrigues for an axis without y
  const m00 = c + x * x * c1;
  const m02 = x * z * c1;
  const m22 = c + z * z * c1;
  const m01 = -z * s;
  const m12 = -x * s;
  const cy = Math.cos(twist);
  const sy = Math.sin(twist);
  out[0] = m00 * cy - m02 * sy;
  out[1] = m01;
  out[2] = m00 * sy + m02 * cy;
  out[3] = -m01 * cy + m12 * -sy;
  out[4] = c;
  out[5] = -m01 * sy + m12 * cy;
  out[6] = m02 * cy - m22 * sy;
  out[7] = -m12;
  out[8] = m02 * sy + m22 * cy;
}

/** out = Rz(z) Ry(y) */
function clavicle(out: Float64Array, z: number, y: number): void {
  const cz = Math.cos(z);
  const sz = Math.sin(z);
  const cy = Math.cos(y);
  const sy = Math.sin(y);
  out.set([cz * cy, -sz, cz * sy, sz * cy, cz, sz * sy, -sy, 0, cy]);
}

function turn(yaw: number): Float64Array {
  const c = Math.cos(yaw);
  const s = Math.sin(yaw);
  return Float64Array.of(c, 0, s, 0, 1, 0, -s, 0, c);
}

/** Places a part at (x, y, z) of its parent, turned by `own` relative to the part `from`, by default the parent. */
function attach(
  { rotations, origins }: Body,
  part: number,
  parent: number,
  x: number,
  y: number,
  z: number,
  own: Float64Array,
  from = parent,
): void {
  const p = 9 * parent;
  for (let row = 0; row < 3; row++) {
    const r = p + 3 * row;
    origins[3 * part + row] =
      origins[3 * parent + row]! +
      rotations[r]! * x +
      rotations[r + 1]! * y +
      rotations[r + 2]! * z;
  }
  multiplyInto(rotations, 9 * part, rotations, 9 * from, own);
}

function multiplyInto(
  out: Float64Array,
  o: number,
  a: Float64Array,
  i: number,
  b: Float64Array,
): void {
  for (let row = 0; row < 9; row += 3)
    for (let column = 0; column < 3; column++)
      out[o + row + column] =
        a[i + row]! * b[column]! +
        a[i + row + 1]! * b[column + 3]! +
        a[i + row + 2]! * b[column + 6]!;
}

/** A point of a part, in the part's frame. */
type Landmark = readonly [part: number, x: number, y: number, z: number];

/**
 * Every joint of the known skeletons as a point of a part. Points of the head: nose and head as they lie in the CMU poses relative
 * to the point about which they turn; eyes and ears from there by the medians of BlazePose's metric output.
 */
function landmarks(build: Build): Record<string, Landmark> {
  const { height: h, upperTrunk, foot, ankleHeight, hand } = build;
  const k = h * build.head;
  const head = (x: number, y: number, z: number): Landmark => [PART.head, x * k, y * k, z * k];
  const points: Record<string, Landmark> = {
    pelvis: [PART.pelvis, 0, 0, 0],
    spine: [PART.chest, 0, 0, 0],
    thorax: [PART.chest, 0, upperTrunk, 0],
    nose: head(0, 0.036, 0.0595),
    head: head(0, 0.071, 0),
    vertex: head(0, 0.116, 0.002),
    upperNeck: head(0, 0.012, 0.005),
    spine2: [PART.abdomen, 0, 0.6 * build.lowerTrunk, 0],
    spine3: [PART.chest, 0, 0.3 * upperTrunk, 0],
    spine4: [PART.chest, 0, 0.7 * upperTrunk, 0],
    throat: [PART.chest, 0, upperTrunk - build.shoulderDrop, 0],
  };
  for (const [side, sign] of [
    ['left', 1],
    ['right', -1],
  ] as const) {
    const part = (name: string) => PART[`${side}${name}` as Part];
    const add = (name: string, p: number, x: number, y: number, z: number) => {
      points[`${side}${name}`] = [p, sign * x, y, z];
    };
    const face = (name: string, x: number, y: number, z: number) => {
      points[`${side}${name}`] = head(sign * x, y, z);
    };
    face('EyeInner', 0.011, 0.06, 0.052);
    face('Eye', 0.019, 0.06, 0.05);
    face('EyeOuter', 0.027, 0.06, 0.046);
    face('Ear', 0.043, 0.052, -0.005);
    face('Mouth', 0.014, 0.012, 0.049);
    add('Clavicle', part('Clavicle'), 0, 0, 0);
    add('Shoulder', part('UpperArm'), 0, 0, 0);
    add('Elbow', part('Forearm'), 0, 0, 0);
    add('Wrist', part('Hand'), 0, 0, 0);
    // the palm faces the thigh, the thumb forward
    add('Hand', part('Hand'), 0, -0.5 * hand, 0);
    add('Index', part('Hand'), 0, -0.75 * hand, 0.16 * hand);
    add('Pinky', part('Hand'), 0, -0.7 * hand, -0.2 * hand);
    add('Thumb', part('Hand'), -0.1 * hand, -0.45 * hand, 0.3 * hand);
    add('Hip', part('Thigh'), 0, 0, 0);
    add('Knee', part('Shank'), 0, 0, 0);
    add('Ankle', part('Foot'), 0, 0, 0);
    add('Heel', part('Foot'), 0, -0.8 * ankleHeight, -0.22 * foot);
    add('Foot', part('Foot'), 0.02 * foot, -0.7 * ankleHeight, 0.5 * foot);
    add('FootIndex', part('Foot'), 0.02 * foot, -0.85 * ankleHeight, 0.7 * foot);
    add('Toe', part('Foot'), 0.02 * foot, -0.9 * ankleHeight, 0.75 * foot);
  }
  return points;
}

/** Joints whose name means another landmark than the one of that name. */
const ALIASES: Partial<Record<JointSetName, Record<string, string>>> = {
  h36m17: { neck: 'nose' },
  mpii16: { thorax: 'throat', headTop: 'vertex' },
  mpi3dhp17: { neck: 'thorax', head: 'nose', headTop: 'head' },
  mpi3dhp28: { neck: 'thorax', head: 'nose', headTop: 'head' },
};

/** Joints of a body in any known skeleton, [joints * 3], metres, world frame. */
export function bodyJoints(body: Body, set: JointSetName = 'h36m17'): Pose3d {
  const points = landmarks(body.build);
  const names: readonly string[] = JOINT_SETS[set];
  const joints = new Float64Array(3 * names.length);
  names.forEach((name, i) => {
    const [part, x, y, z] = points[ALIASES[set]?.[name] ?? name]!;
    for (let row = 0; row < 3; row++) {
      const r = 9 * part + 3 * row;
      joints[3 * i + row] =
        body.origins[3 * part + row]! +
        body.rotations[r]! * x +
        body.rotations[r + 1]! * y +
        body.rotations[r + 2]! * z;
    }
  });
  return joints;
}
