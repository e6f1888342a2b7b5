import { JOINT } from '../../pose/skeleton.ts';

/** A capsule between two joints, its radius a fraction of stature. */
type Capsule = readonly [from: number, to: number, radius: number];

const TORSO_LOW: Capsule = [JOINT.pelvis, JOINT.spine, 0.052];
const TORSO_HIGH: Capsule = [JOINT.spine, JOINT.thorax, 0.054];
const HEAD: Capsule = [JOINT.neck, JOINT.head, 0.045];
const arm = (elbow: number): readonly [Capsule, Capsule] => [
  [elbow - 1, elbow, 0.026],
  [elbow, elbow + 1, 0.018],
];
const leg = (knee: number): readonly [Capsule, Capsule] => [
  [knee - 1, knee, 0.038],
  [knee, knee + 1, 0.027],
];
const [LEFT_UPPER, LEFT_FOREARM] = arm(JOINT.leftElbow);
const [RIGHT_UPPER, RIGHT_FOREARM] = arm(JOINT.rightElbow);
const [LEFT_THIGH, LEFT_SHANK] = leg(JOINT.leftKnee);
const [RIGHT_THIGH, RIGHT_SHANK] = leg(JOINT.rightKnee);

/** Parts that can meet and are no neighbours. */
const PAIRS: readonly (readonly [Capsule, Capsule])[] = [
  ...[LEFT_FOREARM, RIGHT_FOREARM].flatMap((forearm) =>
    [TORSO_LOW, TORSO_HIGH, HEAD, LEFT_THIGH, RIGHT_THIGH, LEFT_SHANK, RIGHT_SHANK].map(
      (other) => [forearm, other] as const,
    ),
  ),
  [LEFT_FOREARM, RIGHT_FOREARM],
  [LEFT_FOREARM, RIGHT_UPPER],
  [RIGHT_FOREARM, LEFT_UPPER],
  [LEFT_UPPER, HEAD],
  [RIGHT_UPPER, HEAD],
  [LEFT_SHANK, RIGHT_SHANK],
  [LEFT_SHANK, RIGHT_THIGH],
  [RIGHT_SHANK, LEFT_THIGH],
];

/** Flesh and clothes give way by this, in metres. */
const SOFT = 0.02;

/**
 * The deepest that two parts of a body are in each other, in metres; negative where all are apart.
 */
export function penetration(joints: ArrayLike<number>, height: number): number {
  let deepest = -Infinity;
  for (const [a, b] of PAIRS) {
    const depth = (a[2] + b[2]) * height - segmentDistance(joints, a[0], a[1], b[0], b[1]);
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

/** Whether no two parts are in each other by more than 2 cm. */
export function isApart(joints: ArrayLike<number>, height: number): boolean {
  return penetration(joints, height) <= SOFT;
}

/**
 * Distance of the segments p-q and r-s, each given by two joints (Ericson, Real-Time Collision
 * Detection, 5.1.9).
 */
function segmentDistance(
  joints: ArrayLike<number>,
  p: number,
  q: number,
  r: number,
  s: number,
): number {
  const px = joints[3 * p]!;
  const py = joints[3 * p + 1]!;
  const pz = joints[3 * p + 2]!;
  const rx = joints[3 * r]!;
  const ry = joints[3 * r + 1]!;
  const rz = joints[3 * r + 2]!;
  const ux = joints[3 * q]! - px;
  const uy = joints[3 * q + 1]! - py;
  const uz = joints[3 * q + 2]! - pz;
  const vx = joints[3 * s]! - rx;
  const vy = joints[3 * s + 1]! - ry;
  const vz = joints[3 * s + 2]! - rz;
  const wx = px - rx;
  const wy = py - ry;
  const wz = pz - rz;
  const a = ux * ux + uy * uy + uz * uz;
  const e = vx * vx + vy * vy + vz * vz;
  const f = vx * wx + vy * wy + vz * wz;
  const c = ux * wx + uy * wy + uz * wz;
  const b = ux * vx + uy * vy + uz * vz;
  const denominator = a * e - b * b;
  let m = denominator > 1e-12 ? clamp((b * f - c * e) / denominator) : 0;
  let n = e > 0 ? (b * m + f) / e : 0;
  if (n < 0) {
    n = 0;
    m = a > 0 ? clamp(-c / a) : 0;
  } else if (n > 1) {
    n = 1;
    m = a > 0 ? clamp((b - c) / a) : 0;
  }
  const dx = wx + ux * m - vx * n;
  const dy = wy + uy * m - vy * n;
  const dz = wz + uz * m - vz * n;
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

function clamp(x: number): number {
  return x < 0 ? 0 : x > 1 ? 1 : x;
}

/**
 * Mass of each segment as a fraction, and where its centre lies from its first joint (Winter,
 * chapter 4).
 */
const MASSES: readonly (readonly [from: number, to: number, mass: number, along: number])[] = [
  [JOINT.pelvis, JOINT.thorax, 0.497, 0.5],
  [JOINT.neck, JOINT.head, 0.081, 0.5],
  ...([JOINT.leftShoulder, JOINT.rightShoulder] as const).flatMap(
    (shoulder) =>
      [
        [shoulder, shoulder + 1, 0.028, 0.436],
        [shoulder + 1, shoulder + 2, 0.022, 0.682],
      ] as const,
  ),
  ...([JOINT.leftHip, JOINT.rightHip] as const).flatMap(
    (hip) =>
      [
        [hip, hip + 1, 0.1, 0.433],
        [hip + 1, hip + 2, 0.061, 0.606],
      ] as const,
  ),
];

/** Centre of mass of a pose over the ground, (x, z). */
export function centreOfMass(joints: ArrayLike<number>): [number, number] {
  let x = 0;
  let z = 0;
  for (const [from, to, mass, along] of MASSES) {
    x += mass * (joints[3 * from]! * (1 - along) + joints[3 * to]! * along);
    z += mass * (joints[3 * from + 2]! * (1 - along) + joints[3 * to + 2]! * along);
  }
  return [x, z];
}

/**
 * Whether a body on its feet would stay up: its centre of mass within `margin` metres of the convex
 * hull of those contact points that are on the floor.
 * @param contacts [n, 3], heels and toes; those within 5 cm of the lowest bear weight
 */
export function isBalanced(
  joints: ArrayLike<number>,
  contacts: ArrayLike<number>,
  margin = 0.06,
): boolean {
  const floor = lowest(contacts);
  const points: [number, number][] = [];
  for (let i = 0; i < contacts.length; i += 3)
    if (contacts[i + 1]! < floor + 0.05) points.push([contacts[i]!, contacts[i + 2]!]);
  // outside the hull there is a direction in which every point lies behind the centre by more than
  // the margin
  const [x, z] = centreOfMass(joints);
  for (let k = 0; k < 24; k++) {
    const cx = Math.cos((k * Math.PI) / 12);
    const cz = Math.sin((k * Math.PI) / 12);
    if (points.every(([px, pz]) => (x - px) * cx + (z - pz) * cz > margin)) return false;
  }
  return true;
}

/** The smallest y of points [n, 3]. */
export function lowest(points: ArrayLike<number>): number {
  let y = Infinity;
  for (let i = 1; i < points.length; i += 3) y = Math.min(y, points[i]!);
  return y;
}
