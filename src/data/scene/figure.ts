/** The flesh and clothes of a body: round cones in the frames of its parts. */

import {
  add,
  apply,
  cross,
  dot,
  length,
  type Matrix3,
  scale,
  subtract,
  type Vector3,
} from '../../pose/linear.ts';
import { type Body, PART, type Part } from '../body/kinematics.ts';
import { headCones } from './head.ts';
import type { Look } from './look.ts';
import { MATERIAL, type MaterialName, type RoundCone } from './shapes.ts';

/** A place in a part's frame (left, up, forward), metres. */
type Local = readonly [x: number, y: number, z: number];

/** What a round cone may have beside its two balls. */
interface More {
  /** The axis along which it is flattened, in the frame of its part, and by what factor. */
  readonly flat?: readonly [axis: 'x' | 'y' | 'z', by: number];
  /** The part whose frame its second point is in. */
  readonly to?: Part;
  /** Metres added to the coordinate of patterns, which is 0 at the part's joint. */
  readonly phase?: number;
}

/** Appends a round cone between places of parts. */
export type Put = (
  part: Part,
  material: MaterialName,
  from: Local,
  ra: number,
  to: Local,
  rb: number,
  more?: More,
) => void;

const AXES = { x: 0, y: 1, z: 2 } as const;

/** The person as round cones, world frame. Lengths and thickness follow stature and build. */
export function figureCones(body: Body, look: Look): RoundCone[] {
  const cones: RoundCone[] = [];
  const put: Put = (part, material, from, ra, to, rb, { flat, to: end = part, phase = 0 } = {}) => {
    const along = axis(body, part, 1);
    const origin = place(body, part, [0, 0, 0]);
    cones.push({
      ...apart(place(body, part, from), ra, place(body, end, to), rb),
      ...(flat && { flat: { axis: axis(body, part, AXES[flat[0]]), by: flat[1] } }),
      part: PART[part] + 1,
      material: MATERIAL[material],
      along,
      phase: phase - dot(along, origin),
    });
  };
  trunk(put, body, look);
  headCones(put, body.build, look);
  for (const side of ['left', 'right'] as const) {
    arm(put, body, look, side);
    leg(put, body, look, side);
  }
  return cones;
}

/** Two balls of which none is in the other: what a round cone needs to have an axis. */
function apart(a: Vector3, ra: number, b: Vector3, rb: number) {
  const way = subtract(b, a);
  const far = length(way);
  const least = Math.abs(ra - rb) + 1e-3;
  if (far >= least) return { a, b, ra, rb };
  const direction: Vector3 = far > 1e-9 ? scale(way, 1 / far) : [0, 1, 0];
  return { a, b: add(a, scale(direction, least)), ra, rb };
}

/** A place of a part in the world. */
export function place({ rotations, origins }: Body, part: Part, local: Local): Vector3 {
  const r = rotations.subarray(9 * PART[part], 9 * PART[part] + 9) as unknown as Matrix3;
  const o = origins.subarray(3 * PART[part], 3 * PART[part] + 3);
  return add([o[0]!, o[1]!, o[2]!], apply(r, local));
}

/** Axis 0, 1 or 2 (left, up, forward) of a part in the world. */
export function axis({ rotations }: Body, part: Part, which: 0 | 1 | 2): Vector3 {
  const at = 9 * PART[part] + which;
  return [rotations[at]!, rotations[at + 3]!, rotations[at + 6]!];
}

function trunk(put: Put, { build }: Body, { female, trunk: girth, loose, bottom, limbs }: Look) {
  const h = build.height;
  const { lowerTrunk: low, upperTrunk: up } = build;
  const r = (fraction: number) => fraction * h * girth;
  const hips = build.hipHalfWidth * (female ? 0.62 : 0.5);
  const pelvis = female ? 0.071 : 0.066;
  put('pelvis', 'bottom', [hips, 0.012 * h, 0], r(pelvis), [-hips, 0.012 * h, 0], r(pelvis), {
    flat: ['z', 1.12],
  });
  for (const x of [0.034 * h, -0.034 * h])
    put(
      'pelvis',
      'bottom',
      [x, -0.012 * h, -0.024 * h],
      r(0.05),
      [x, -0.03 * h, -0.02 * h],
      r(0.046),
    );
  // the hem of the shirt lies over the hips
  put(
    'pelvis',
    'top',
    [0.5 * hips, 0.05 * h, 0],
    r(0.066) + loose,
    [-0.5 * hips, 0.05 * h, 0],
    r(0.066) + loose,
    { flat: ['z', 1.12] },
  );
  const waist = female ? 0.066 : 0.072;
  put(
    'abdomen',
    'top',
    [0, 0.055 * h, 0],
    r(waist + 0.004) + loose,
    [0, low, 0.002 * h],
    r(waist) + loose,
    { flat: ['z', 1.22] },
  );
  const chest = female ? 0.079 : 0.086;
  put(
    'chest',
    'top',
    [0, 0.0 * h, 0.002 * h],
    r(waist + 0.004) + loose,
    [0, 0.075 * h, 0],
    r(chest),
    { flat: ['z', 1.26], phase: low },
  );
  const wide = 0.42 * build.shoulderHalfWidth;
  put(
    'chest',
    'top',
    [wide, up - 0.052 * h, -0.004 * h],
    r(0.061),
    [-wide, up - 0.052 * h, -0.004 * h],
    r(0.061),
    { phase: low },
  );
  if (female)
    for (const x of [0.032 * h, -0.032 * h])
      put('chest', 'top', [x, 0.072 * h, 0.042 * h], r(0.033), [x, 0.09 * h, 0.03 * h], r(0.03), {
        phase: low,
      });
  // from the neck down to the shoulders
  for (const [part, side] of [
    ['leftClavicle', 1],
    ['rightClavicle', -1],
  ] as const) {
    const out = side * 0.75 * build.shoulderHalfWidth;
    put(
      part,
      'top',
      [out, 0.006 * h, -0.003 * h],
      0.032 * h * limbs,
      [side * 0.012 * h, up - 0.008 * h, -0.008 * h],
      0.033 * h,
      { to: 'chest', phase: low + up },
    );
  }
  if (bottom !== 'skirt') return;
  // a skirt hangs between the thighs
  const hem = 0.52 * build.thigh;
  const spread = 0.045 * h;
  put(
    'leftThigh',
    'bottom',
    [-0.2 * spread, 0.01 * h, 0],
    r(0.062),
    [-0.1 * spread, -hem, 0],
    r(0.072),
    {},
  );
  put(
    'rightThigh',
    'bottom',
    [0.2 * spread, 0.01 * h, 0],
    r(0.062),
    [0.1 * spread, -hem, 0],
    r(0.072),
    {},
  );
}

function arm(
  put: Put,
  { build }: Body,
  { limbs, sleeves, loose, female }: Look,
  side: 'left' | 'right',
) {
  const out = side === 'left' ? 1 : -1;
  const h = build.height;
  const r = (fraction: number) => fraction * h * limbs * (female ? 0.93 : 1);
  const { upperArm, forearm, hand } = build;
  const cloth = sleeves === 'long' ? 'top' : 'skin';
  const wide = sleeves === 'long' ? loose : 0;
  const part = (name: string) => `${side}${name}` as Part;
  const upper = part('UpperArm');
  // the shoulder's muscle
  put(
    upper,
    sleeves === 'none' ? 'skin' : 'top',
    [0.006 * h * out, 0.002 * h, 0],
    r(0.035),
    [0.004 * h * out, -0.24 * upperArm, 0],
    r(0.031),
  );
  put(
    upper,
    cloth,
    [0.002 * h * out, -0.15 * upperArm, 0],
    r(0.0295) + wide,
    [0, -upperArm, 0],
    r(0.0235) + wide,
  );
  if (sleeves === 'short')
    put(
      upper,
      'top',
      [0.002 * h * out, -0.1 * upperArm, 0],
      r(0.033) + loose,
      [0, -0.52 * upperArm, 0],
      r(0.0315) + loose,
    );
  const lower = part('Forearm');
  put(lower, cloth, [0, 0, 0], r(0.0235) + wide, [0, -0.26 * forearm, 0.002 * h], r(0.0255) + wide);
  put(
    lower,
    cloth,
    [0, -0.26 * forearm, 0.002 * h],
    r(0.0255) + wide,
    [0, -0.97 * forearm, 0],
    r(0.0155) + wide,
  );
  const palm = part('Hand');
  const s = hand;
  const thin = { flat: ['x', 2.3] } as const;
  put(palm, 'skin', [0, -0.12 * s, 0], 0.19 * s, [-0.01 * out * s, -0.42 * s, 0], 0.22 * s, thin);
  put(
    palm,
    'skin',
    [-0.01 * out * s, -0.45 * s, 0],
    0.2 * s,
    [-0.09 * out * s, -0.86 * s, 0],
    0.12 * s,
    thin,
  );
  put(
    palm,
    'skin',
    [-0.02 * out * s, -0.2 * s, 0.15 * s],
    0.095 * s,
    [-0.12 * out * s, -0.52 * s, 0.32 * s],
    0.06 * s,
  );
}

function leg(put: Put, { build }: Body, look: Look, side: 'left' | 'right') {
  const { limbs, bottom, loose, barefoot, female } = look;
  const out = side === 'left' ? 1 : -1;
  const h = build.height;
  const r = (fraction: number) => fraction * h * limbs;
  const { thigh, shank, foot } = build;
  const part = (name: string) => `${side}${name}` as Part;
  const covered = bottom === 'trousers';
  const cloth = covered ? 'bottom' : 'skin';
  const wide = covered ? loose : 0;
  put(
    part('Thigh'),
    cloth,
    [0, 0, -0.002 * h],
    r(female ? 0.054 : 0.052) + wide,
    [0, -thigh, 0],
    r(0.0355) + wide,
  );
  if (bottom === 'shorts')
    put(
      part('Thigh'),
      'bottom',
      [0, 0.01 * h, 0],
      r(0.054) + loose,
      [0, -0.66 * thigh, 0],
      r(0.05) + loose,
    );
  const calf = -0.27 * shank;
  const shin = part('Shank');
  put(shin, cloth, [0, 0, 0], r(0.0345) + wide, [0, calf, -0.009 * h], r(0.034) + wide);
  const ankle = covered ? r(0.027) + loose : r(0.0205);
  put(shin, cloth, [0, calf, -0.009 * h], r(0.034) + wide, [0, -0.94 * shank, -0.004 * h], ankle);
  // heights above the sole, in lengths of the foot: the ankle is 0.2566 above it
  const f = foot;
  const sole = -0.2566 * f;
  const shoe = barefoot ? 'skin' : 'shoes';
  const phase = -sole - 0.075 * f;
  const skin = !covered && !barefoot ? 'socks' : barefoot ? 'skin' : cloth;
  put(
    shin,
    skin,
    [0, -0.88 * shank, -0.004 * h],
    r(0.0215),
    [0, -0.99 * shank, -0.002 * h],
    r(0.0225),
  );
  put(
    part('Foot'),
    shoe,
    [0, sole + 0.15 * f, -0.11 * f],
    0.15 * f,
    [0, sole + 0.27 * f, -0.06 * f],
    0.13 * f,
    { phase },
  );
  put(
    part('Foot'),
    shoe,
    [0, sole + 0.24 * f, 0.02 * f],
    0.125 * f,
    [0.02 * out * f, sole + 0.12 * f, 0.42 * f],
    0.105 * f,
    { phase },
  );
  put(
    part('Foot'),
    shoe,
    [0.005 * out * f, sole + 0.095 * f, 0.06 * f],
    0.15 * f,
    [0.03 * out * f, sole + 0.085 * f, 0.6 * f],
    0.155 * f,
    { flat: ['y', 1.75], phase },
  );
}

/** Unit vector across two others. */
export const across = (a: Vector3, b: Vector3): Vector3 => {
  const c = cross(a, b);
  return scale(c, 1 / Math.max(1e-12, length(c)));
};
