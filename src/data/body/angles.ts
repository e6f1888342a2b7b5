const DEGREE = Math.PI / 180;

const TRUNK = [
  'pelvisPitch',
  'pelvisRoll',
  'lumbarFlex',
  'lumbarLean',
  'lumbarTurn',
  'chestFlex',
  'chestLean',
  'chestTurn',
  'headFlex',
  'headLean',
  'headTurn',
] as const;

/** Angles that each side has; outward and inward are the same numbers on both sides. */
const LIMB = [
  'clavicleLift',
  'clavicleForward',
  'shoulderFlex',
  'shoulderAbduct',
  'shoulderTwist',
  'elbow',
  'forearmTwist',
  'wrist',
  'hipFlex',
  'hipAbduct',
  'hipTwist',
  'knee',
  'ankle',
] as const;

export type TrunkAngle = (typeof TRUNK)[number];
export type LimbAngle = (typeof LIMB)[number];
export type Side = 0 | 1;
export const LEFT_SIDE = 0;
export const RIGHT_SIDE = 1;

export const TRUNK_INDEX = index(TRUNK);
/** Add `side * LIMB.length` through `limb`. */
const LIMB_INDEX = index(LIMB);

export const ANGLE_COUNT = TRUNK.length + 2 * LIMB.length;

/** Place of a limb's angle among all of them. */
export function limb(side: Side, name: LimbAngle): number {
  return TRUNK.length + side * LIMB.length + LIMB_INDEX[name];
}

function index<Name extends string>(names: readonly Name[]): { readonly [K in Name]: number } {
  return Object.fromEntries(names.map((name, i) => [name, i])) as { [K in Name]: number };
}

/**
 * Joint limits in degrees: the ranges of motion of adults (American Academy of Orthopaedic
 * Surgeons; Soucie et al. 2011, CDC Joint Range of Motion study), rounded outwards. Positive is:
 * forward (flexion), towards the left (lean, turn of the trunk), up and forward (clavicle), away
 * from the midline (abduction), inward (twists), toes up (ankle). The chest pivots at Human3.6M's
 * spine joint, half way up the trunk, so that it has the upper lumbar spine's motion as well. The
 * pelvis is free; its range only keeps the perturbation of an upright person from throwing them
 * over.
 */
const LIMITS: { readonly [Name in TrunkAngle | LimbAngle]: readonly [number, number] } = {
  pelvisPitch: [-100, 100],
  pelvisRoll: [-95, 95],
  lumbarFlex: [-25, 60],
  lumbarLean: [-20, 20],
  lumbarTurn: [-10, 10],
  chestFlex: [-40, 50],
  chestLean: [-30, 30],
  chestTurn: [-40, 40],
  headFlex: [-50, 55],
  headLean: [-40, 40],
  headTurn: [-75, 75],
  clavicleLift: [-8, 30],
  clavicleForward: [-20, 20],
  shoulderFlex: [-60, 175],
  shoulderAbduct: [-50, 175],
  shoulderTwist: [-90, 75],
  elbow: [0, 150],
  forearmTwist: [-80, 80],
  wrist: [-60, 60],
  hipFlex: [-25, 130],
  hipAbduct: [-30, 55],
  hipTwist: [-45, 45],
  knee: [0, 145],
  ankle: [-50, 25],
};

const NAMES = [...TRUNK, ...LIMB, ...LIMB];

/** Limits in radians, in the order of the angles. */
export const LOW = Float64Array.from(NAMES, (name) => LIMITS[name][0] * DEGREE);
export const HIGH = Float64Array.from(NAMES, (name) => LIMITS[name][1] * DEGREE);

/** Swings that have two angles, whose limits together are an elliptic cone rather than a box. */
export const CONES: readonly (readonly [number, number])[] = [
  [TRUNK_INDEX.lumbarFlex, TRUNK_INDEX.lumbarLean],
  [TRUNK_INDEX.chestFlex, TRUNK_INDEX.chestLean],
  [TRUNK_INDEX.headFlex, TRUNK_INDEX.headLean],
  ...([LEFT_SIDE, RIGHT_SIDE] as const).flatMap((side) => [
    [limb(side, 'shoulderFlex'), limb(side, 'shoulderAbduct')] as const,
    [limb(side, 'hipFlex'), limb(side, 'hipAbduct')] as const,
  ]),
];

/** Pulls angles that lie outside their range or cone back onto its edge, in place. */
export function keepWithinLimits(angles: Float64Array): void {
  for (let i = 0; i < ANGLE_COUNT; i++)
    angles[i] = Math.min(HIGH[i]!, Math.max(LOW[i]!, angles[i]!));
  for (const [i, j] of CONES) {
    const x = angles[i]! / (angles[i]! < 0 ? LOW[i]! : HIGH[i]!);
    const y = angles[j]! / (angles[j]! < 0 ? LOW[j]! : HIGH[j]!);
    const outside = Math.sqrt(x * x + y * y);
    if (outside > 1) {
      angles[i]! /= outside;
      angles[j]! /= outside;
    }
  }
}
