import type { Random } from '../random.ts';
import {
  ANGLE_COUNT,
  HIGH,
  keepWithinLimits,
  type LimbAngle,
  LOW,
  limb,
  TRUNK_INDEX,
  type TrunkAngle,
} from './angles.ts';

type Loadings = { readonly [Name in TrunkAngle | LimbAngle]?: number };
/**
 * What one synergy adds per standard deviation, in degrees: to the trunk and left limbs, and to
 * right limbs.
 */
type Synergy = readonly [left: Loadings, right?: Loadings];

/** Angles that people move together: 20 directions in which a pose is varied. */
const SYNERGIES: readonly Synergy[] = [
  // both legs
  [
    { hipFlex: 9, knee: 13, pelvisPitch: 3 },
    { hipFlex: 9, knee: 13 },
  ],
  [
    { hipFlex: 9, shoulderFlex: -6 },
    { hipFlex: -9, shoulderFlex: 6 },
  ],
  [{ hipAbduct: 4 }, { hipAbduct: 4 }],
  [{ pelvisRoll: 3, hipAbduct: 3, lumbarLean: -2, chestLean: -2 }, { hipAbduct: -3 }],
  [{ hipTwist: 6 }, { hipTwist: 6 }],
  // one leg
  [{ hipFlex: 6, knee: 11 }],
  [{}, { hipFlex: 6, knee: 11 }],
  // the trunk
  [{ pelvisPitch: 5, hipFlex: 4, headFlex: -4 }, { hipFlex: 4 }],
  [{ lumbarFlex: 4, chestFlex: 8, headFlex: 3 }],
  [{ chestLean: 5, lumbarLean: 2, headLean: 2, pelvisRoll: 1 }],
  [{ chestTurn: 7, lumbarTurn: 2, headTurn: 9 }],
  // the head
  [{ headTurn: 12 }],
  [{ headFlex: 9 }],
  [{ headLean: 6 }],
  // both arms
  [
    { shoulderFlex: 11, elbow: 4 },
    { shoulderFlex: 11, elbow: 4 },
  ],
  [
    { shoulderAbduct: 7, clavicleLift: 1 },
    { shoulderAbduct: 7, clavicleLift: 1 },
  ],
  // one arm
  [{ shoulderFlex: 9, shoulderTwist: 8 }],
  [{}, { shoulderFlex: 9, shoulderTwist: 8 }],
  [{ elbow: 13, shoulderTwist: 6 }],
  [{}, { elbow: 13, shoulderTwist: 6 }],
];

/** Deviation that each angle has of its own, in degrees. */
const OWN: Loadings = {
  pelvisPitch: 2,
  pelvisRoll: 2,
  lumbarFlex: 2,
  lumbarLean: 2,
  lumbarTurn: 2,
  chestFlex: 3,
  chestLean: 3,
  chestTurn: 3,
  headFlex: 4,
  headLean: 4,
  headTurn: 5,
  clavicleLift: 2,
  clavicleForward: 3,
  shoulderFlex: 7,
  shoulderAbduct: 6,
  shoulderTwist: 9,
  elbow: 8,
  forearmTwist: 12,
  wrist: 8,
  hipFlex: 4,
  hipAbduct: 3,
  hipTwist: 5,
  knee: 5,
  ankle: 5,
};

const DEGREE = Math.PI / 180;

/** [angle, radians] of each synergy. */
const DIRECTIONS = SYNERGIES.map(([left, right = {}]) => [...places(left, 0), ...places(right, 1)]);
const DEVIATION = new Float64Array(ANGLE_COUNT);
for (const side of [0, 1] as const)
  for (const [i, deviation] of places(OWN, side)) DEVIATION[i] = deviation;

function places(loadings: Loadings, side: 0 | 1): (readonly [number, number])[] {
  return Object.entries(loadings).map(([name, degrees]) => {
    const trunk = name in TRUNK_INDEX ? TRUNK_INDEX[name as TrunkAngle] : undefined;
    return [trunk ?? limb(side, name as LimbAngle), degrees * DEGREE] as const;
  });
}

/**
 * Varies a pose in place: a Gaussian of rank 20 that moves angles in concert, then each angle's
 * own, truncated normal, within the limits.
 */
export function perturb(angles: Float64Array, random: Random, spread = 1): void {
  for (const direction of DIRECTIONS) {
    const amount = random.normal() * spread;
    for (const [i, radians] of direction) angles[i]! += amount * radians;
  }
  keepWithinLimits(angles);
  for (let i = 0; i < ANGLE_COUNT; i++)
    angles[i] = random.truncatedNormal(angles[i]!, DEVIATION[i]! * spread, LOW[i]!, HIGH[i]!);
  keepWithinLimits(angles);
}

/**
 * Explores what no template holds: draws every limb's angles, and half as far the trunk's, from
 * normals about the given pose that are as wide as a third of the joint's range, truncated at its
 * limits.
 */
export function explore(angles: Float64Array, random: Random): void {
  for (let i = 0; i < ANGLE_COUNT; i++) {
    const trunk = i < limb(0, 'clavicleLift');
    const width = (HIGH[i]! - LOW[i]!) / (trunk ? 12 : 4);
    angles[i] = random.truncatedNormal(
      Math.min(HIGH[i]!, Math.max(LOW[i]!, angles[i]!)),
      width,
      LOW[i]!,
      HIGH[i]!,
    );
  }
  keepWithinLimits(angles);
}
