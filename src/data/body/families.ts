import type { Random } from '../random.ts';
import { type LimbAngle, limb, type Side, TRUNK_INDEX, type TrunkAngle } from './angles.ts';
import { type Poser, stride, WALK } from './gait.ts';
import { draw, EVERYDAY, type GestureName, gesticulate, type Key, mixture } from './gestures.ts';

type Gestures = { readonly [Name in GestureName]?: number };

/**
 * What bears a family: its feet, in balance or in motion; its seat, on the floor; or whatever is
 * lowest.
 */
export type Support = 'balanced' | 'moving' | 'seat' | 'any';

interface Family {
  readonly weight: number;
  readonly support: Support;
  readonly arms: Gestures;
  readonly pose: (body: Poser) => void;
}

const NARROW: Gestures = { hang: 3, hold: 4, reachForward: 2, reachDown: 3, face: 1 };
const WIDE: Gestures = { spread: 4, reachUp: 2, overhead: 2, reachForward: 2, hang: 1 };

/**
 * The template families: key angles as one would set a jointed doll. Legs and trunk belong to the
 * family, arms come from a mixture of gestures, unless the family swings its own. Soles are
 * levelled afterwards.
 */
export const FAMILIES = {
  stand: {
    weight: 14,
    support: 'balanced',
    arms: EVERYDAY,
    pose: ({ trunk, legs, leg, a }) => {
      trunk({ pelvisPitch: [3, 5], lumbarFlex: [0, 6], chestFlex: [2, 9], headFlex: [4, 12] });
      legs({ hipFlex: [10, 6], hipAbduct: [4, 5], hipTwist: [-4, 8], knee: [18, 8] });
      leg(a, { hipAbduct: [7, 6] });
    },
  },
  walk: {
    weight: 18,
    support: 'moving',
    arms: EVERYDAY,
    pose: (body) => stride(body, WALK),
  },
  run: {
    weight: 7,
    support: 'any',
    arms: EVERYDAY,
    pose: (body) => stride(body, { lean: 12, hip: 40, middle: 24, knee: [34, 75], elbow: 82 }),
  },
  step: {
    weight: 6,
    support: 'any',
    arms: EVERYDAY,
    pose: ({ trunk, leg, a, b }) => {
      trunk({ pelvisPitch: [10, 9], chestFlex: [4, 10], headFlex: [8, 14] });
      leg(a, { hipFlex: [70, 20], hipAbduct: [5, 8], knee: [78, 22], ankle: [0, 12] });
      leg(b, { hipFlex: [10, 14], hipAbduct: [4, 7], knee: [25, 14], ankle: [0, 12] });
    },
  },
  sitChair: {
    weight: 5,
    support: 'any',
    arms: { ...EVERYDAY, reachUp: 0.5, hip: 0 },
    pose: ({ trunk, legs }) => {
      trunk({ pelvisPitch: [0, 14], lumbarFlex: [8, 9], chestFlex: [5, 10], headFlex: [8, 14] });
      legs({ hipFlex: [86, 12], hipAbduct: [10, 9], hipTwist: [0, 12], knee: [84, 18] });
    },
  },
  sitFloor: {
    weight: 2.5,
    support: 'seat',
    arms: { ...NARROW, behind: 2 },
    pose: ({ trunk, leg, a, b, random }) => {
      const crossed = random.chance(0.3);
      trunk({
        pelvisPitch: [-14, 12],
        lumbarFlex: [18, 12],
        chestFlex: [10, 12],
        headFlex: [5, 14],
      });
      for (const side of [a, b]) {
        // the heel is on the floor: the more the knee bends, the more the thigh rises
        const knee = crossed ? random.uniform(115, 135) : random.uniform(5, 125);
        if (crossed) leg(side, { hipFlex: [112, 6], hipAbduct: [40, 7], hipTwist: [-40, 6] });
        else leg(side, { hipFlex: [72 + 0.42 * knee, 7], hipAbduct: [10, 9], hipTwist: [-6, 12] });
        leg(side, { knee: [knee, 6] });
      }
    },
  },
  squat: {
    weight: 5,
    support: 'balanced',
    arms: { ...NARROW, reachUp: 0.7, spread: 1 },
    pose: ({ trunk, legs, random }) => {
      const depth = random.uniform(0.25, 1);
      trunk({
        pelvisPitch: [12 + 22 * depth, 10],
        lumbarFlex: [8 * depth, 8],
        chestFlex: [4, 12],
        headFlex: [-8 * depth, 16],
      });
      legs({
        hipFlex: [25 + 85 * depth, 10],
        hipAbduct: [9, 8],
        hipTwist: [-8, 10],
        knee: [35 + 92 * depth, 12],
      });
    },
  },
  kneel: {
    weight: 2.5,
    support: 'any',
    arms: NARROW,
    pose: ({ trunk, legs, leg, a, random }) => {
      trunk({ pelvisPitch: [10, 14], chestFlex: [6, 12], headFlex: [6, 14] });
      const sitting = random.uniform();
      legs({
        hipFlex: [5 + 70 * sitting, 10],
        hipAbduct: [6, 6],
        knee: [90 + 45 * sitting, 9],
        ankle: [-35, 12],
      });
      if (random.chance(0.5)) leg(a, { hipFlex: [92, 12], knee: [92, 12], ankle: [0, 8] });
    },
  },
  lunge: {
    weight: 5,
    support: 'balanced',
    arms: EVERYDAY,
    pose: ({ trunk, leg, a, b, random }) => {
      const depth = random.uniform(0.3, 1);
      trunk({ pelvisPitch: [9, 11], chestFlex: [4, 12], headFlex: [0, 14] });
      leg(a, { hipFlex: [25 + 60 * depth, 9], hipAbduct: [6, 9], knee: [30 + 62 * depth, 12] });
      leg(b, { hipFlex: [2 - 16 * depth, 9], hipAbduct: [8, 9], knee: [25 + 35 * depth, 16] });
    },
  },
  straddle: {
    weight: 4,
    support: 'balanced',
    arms: { ...EVERYDAY, spread: 4 },
    pose: ({ trunk, leg, a, b }) => {
      trunk({ pelvisPitch: [8, 10], pelvisRoll: [0, 9], chestFlex: [4, 12] });
      leg(a, { hipFlex: [22, 16], hipAbduct: [26, 9], hipTwist: [-12, 14], knee: [32, 20] });
      leg(b, { hipFlex: [18, 14], hipAbduct: [16, 9], hipTwist: [-8, 14], knee: [26, 16] });
    },
  },
  bend: {
    weight: 6,
    support: 'balanced',
    arms: { reachDown: 6, hold: 3, reachForward: 2, hang: 3, behind: 0.7 },
    pose: ({ trunk, legs, random }) => {
      const depth = random.uniform(0.25, 1);
      trunk({
        pelvisPitch: [8 + 42 * depth, 10],
        lumbarFlex: [20 * depth, 8],
        chestFlex: [22 * depth, 11],
        headFlex: [4, 18],
      });
      legs({ hipFlex: [14 + 46 * depth, 9], hipAbduct: [6, 7], knee: [22 + 16 * depth, 12] });
    },
  },
  reachUp: {
    weight: 5,
    support: 'balanced',
    arms: { reachUp: 5, overhead: 2, pull: 3, hang: 1.5, hold: 1, wave: 1 },
    pose: ({ trunk, legs }) => {
      trunk({ pelvisPitch: [0, 7], chestFlex: [-8, 9], chestLean: [0, 8], headFlex: [-12, 14] });
      legs({ hipFlex: [8, 8], hipAbduct: [5, 6], knee: [16, 10] });
    },
  },
  boxOrKick: {
    weight: 4,
    support: 'moving',
    arms: { guard: 5, reachForward: 3, throw: 1.5, spread: 2, hold: 1 },
    pose: ({ trunk, leg, a, b, random }) => {
      trunk({ pelvisPitch: [4, 12], chestTurn: [0, 16], pelvisRoll: [0, 7] });
      leg(b, { hipFlex: [14, 12], hipAbduct: [8, 9], hipTwist: [-8, 14], knee: [30, 14] });
      if (random.chance(0.5)) leg(a, { hipFlex: [20, 16], hipAbduct: [10, 9], knee: [34, 16] });
      else leg(a, { hipFlex: [65, 28], hipAbduct: [12, 16], knee: [45, 38], ankle: [-15, 15] });
    },
  },
  dance: {
    weight: 6,
    support: 'moving',
    arms: WIDE,
    pose: ({ trunk, leg, a, b }) => {
      trunk({ pelvisPitch: [4, 14], pelvisRoll: [0, 9], chestFlex: [-4, 14], chestTurn: [0, 14] });
      leg(b, { hipFlex: [12, 15], hipAbduct: [7, 9], hipTwist: [-14, 14], knee: [24, 16] });
      leg(a, {
        hipFlex: [18, 34],
        hipAbduct: [14, 16],
        hipTwist: [-16, 16],
        knee: [40, 30],
        ankle: [-25, 16],
      });
    },
  },
  jump: {
    weight: 4,
    support: 'any',
    arms: { ...WIDE, hold: 2, reachDown: 1 },
    pose: ({ trunk, legs, leg, a, random }) => {
      const tuck = random.uniform();
      trunk({ pelvisPitch: [8, 13], chestFlex: [2, 13] });
      legs({
        hipFlex: [6 + 52 * tuck, 12],
        hipAbduct: [12, 10],
        knee: [18 + 70 * tuck, 16],
        ankle: [-25, 14],
      });
      if (random.chance(0.4)) leg(a, { hipFlex: [30, 28], knee: [45, 28] });
    },
  },
  climb: {
    weight: 5,
    support: 'any',
    arms: { pull: 5, reachUp: 4, overhead: 2, reachForward: 3, hold: 1, hang: 1 },
    pose: ({ trunk, leg, a, b }) => {
      trunk({ pelvisPitch: [8, 18], pelvisRoll: [0, 9], chestFlex: [-2, 14], headFlex: [-2, 20] });
      leg(a, { hipFlex: [75, 25], hipAbduct: [18, 14], hipTwist: [-12, 15], knee: [85, 28] });
      leg(b, { hipFlex: [25, 24], hipAbduct: [10, 12], knee: [40, 28], ankle: [-10, 15] });
    },
  },
  lie: {
    weight: 1.5,
    support: 'any',
    arms: { hang: 4, hold: 2, spread: 2, reachUp: 1, behind: 1 },
    pose: ({ trunk, legs, random }) => {
      trunk({ pelvisPitch: random.chance(0.6) ? [-88, 8] : [88, 8], headFlex: [8, 14] });
      legs({ hipFlex: [12, 16], hipAbduct: [10, 9], knee: [22, 24], ankle: [-30, 12] });
    },
  },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

const ARMS = new Map(
  Object.entries(FAMILIES).map(([name, { arms }]) => [name, mixture<GestureName>(arms)]),
);

/** The families by their weights. */
export const FAMILY_MIXTURE = mixture(
  Object.fromEntries(
    Object.entries(FAMILIES).map(([name, { weight }]) => [name, weight]),
  ) as Record<FamilyName, number>,
);

/** Writes the key angles of a family, in radians, drawn about its templates. */
export function drawFamily(
  name: FamilyName,
  angles: Float64Array,
  random: Random,
  spread = 1,
): void {
  const family: Family = FAMILIES[name];
  angles.fill(0);
  const a: Side = random.chance(0.5) ? 0 : 1;
  const write = (side: Side, keys: { readonly [Name in LimbAngle]?: Key }) => {
    for (const joint in keys)
      angles[limb(side, joint as LimbAngle)] = draw(keys[joint as LimbAngle]!, random, spread);
  };
  gesticulate(angles, ARMS.get(name)!, random, spread);
  family.pose({
    random,
    a,
    b: a === 0 ? 1 : 0,
    trunk: (keys) => {
      for (const joint in keys)
        angles[TRUNK_INDEX[joint as TrunkAngle]] = draw(keys[joint as TrunkAngle]!, random, spread);
    },
    leg: write,
    arm: write,
    legs: (keys) => {
      write(0, keys);
      write(1, keys);
    },
  });
}
