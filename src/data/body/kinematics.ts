import { limb, type Side, TRUNK_INDEX } from './angles.ts';
import type { Build } from './build.ts';

/**
 * The rigid parts of the body. Each has a frame: x to the person's left, y up, z forward, at its
 * joint towards the pelvis.
 */
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

export function emptyBody(build: Build): Body {
  const rotations = new Float64Array(9 * PARTS.length);
  return { build, rotations, origins: new Float64Array(3 * PARTS.length) };
}

/**
 * Forward kinematics: writes the body with its pelvis at the origin.
 * @param body its build stands, the rest is overwritten
 * @param angles radians, in the order of `angles.ts`
 * @param yaw turn about the vertical; at 0 the person faces +z, at pi / 2 +x
 * @param levelSoles where true, ankles are turned (within `ankle`'s limits) so that the soles are
 * level, and `angles` is updated
 */
export function poseBody(body: Body, angles: Float64Array, yaw: number, levelSoles = false): void {
  const { build } = body;
  const T = TRUNK_INDEX;
  const own = new Float64Array(9);
  const upright = new Float64Array(9);
  const at = (i: number) => angles[i]!;
  swingTwist(own, at(T.pelvisPitch), -at(T.pelvisRoll), 0);
  swingTwist(upright, 0, 0, yaw);
  multiplyInto(body.rotations, 0, upright, 0, own);
  swingTwist(own, at(T.lumbarFlex), -at(T.lumbarLean), at(T.lumbarTurn));
  attach(body, PART.abdomen, PART.pelvis, 0, 0, 0, own);
  swingTwist(own, at(T.chestFlex), -at(T.chestLean), at(T.chestTurn));
  attach(body, PART.chest, PART.abdomen, 0, build.lowerTrunk, 0, own);
  swingTwist(own, at(T.headFlex), -at(T.headLean), at(T.headTurn));
  const { height } = build;
  attach(body, PART.head, PART.chest, 0, build.upperTrunk + 0.036 * height, 0.012 * height, own);
  poseSide(body, angles, 0, own, levelSoles);
  poseSide(body, angles, 1, own, levelSoles);
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
  out[0] = cz * cy;
  out[1] = -sz;
  out[2] = cz * sy;
  out[3] = sz * cy;
  out[4] = cz;
  out[5] = sz * sy;
  out[6] = -sy;
  out[7] = 0;
  out[8] = cy;
}

/**
 * Places a part at (x, y, z) of its parent, turned by `own` relative to the part `from`, by default
 * the parent.
 */
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
