import type { Body } from '../body/kinematics.ts';
import { EDGE, type Put } from './figure.ts';
import type { Look } from './look.ts';

/** Pelvis, waist, chest and shoulders, and a skirt. */
export function trunkCones(
  put: Put,
  { build }: Body,
  { female, trunk: girth, loose, bottom, limbs }: Look,
) {
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
    r(0.078),
    EDGE,
  );
  put(
    'rightThigh',
    'bottom',
    [0.2 * spread, 0.01 * h, 0],
    r(0.062),
    [0.1 * spread, -hem, 0],
    r(0.078),
    EDGE,
  );
}
