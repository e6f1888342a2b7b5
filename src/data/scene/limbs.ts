import type { Body, Part } from '../body/kinematics.ts';
import { EDGE, type Put } from './figure.ts';
import type { Look } from './look.ts';

/** Shoulder, arm and hand of a side. */
export function armCones(
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
      r(0.0325) + loose,
      EDGE,
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
    [-0.09 * out * s, -0.84 * s, 0],
    0.145 * s,
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

/** Thigh, shank and foot of a side. */
export function legCones(put: Put, { build }: Body, look: Look, side: 'left' | 'right') {
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
    [0, bottom === 'shorts' ? -0.3 * thigh : 0, -0.002 * h],
    r(bottom === 'shorts' ? 0.0475 : female ? 0.054 : 0.052) + wide,
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
      r(0.051) + loose,
      EDGE,
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
