import type { Random } from '../random.ts';
import { type LimbAngle, limb, type Side } from './angles.ts';

/** Mean and deviation in degrees; a single number is a mean with a deviation of 6. */
export type Key = number | readonly [mean: number, deviation: number];

/**
 * What an arm does: [shoulder flexion, abduction, twist, elbow]. Twist is inward; the elbow bends
 * forward at twist 0.
 */
type Gesture = readonly [flex: Key, abduct: Key, twist: Key, elbow: Key];

export const GESTURES = {
  hang: [
    [0, 10],
    [10, 7],
    [10, 18],
    [28, 12],
  ],
  hold: [
    [25, 16],
    [14, 12],
    [22, 22],
    [72, 25],
  ],
  hip: [
    [-18, 10],
    [42, 9],
    [30, 15],
    [98, 14],
  ],
  reachForward: [
    [80, 20],
    [8, 18],
    [0, 28],
    [25, 20],
  ],
  reachDown: [
    [50, 25],
    [6, 14],
    [5, 25],
    [18, 14],
  ],
  reachUp: [
    [145, 20],
    [18, 20],
    [0, 35],
    [32, 25],
  ],
  spread: [
    [12, 24],
    [72, 22],
    [-5, 38],
    [30, 24],
  ],
  wave: [
    [35, 22],
    [70, 25],
    [-55, 25],
    [85, 28],
  ],
  face: [
    [48, 18],
    [18, 14],
    [28, 18],
    [128, 14],
  ],
  behind: [
    [-38, 14],
    [18, 12],
    [30, 25],
    [45, 28],
  ],
  fold: [
    [30, 10],
    [6, 10],
    [55, 14],
    [102, 14],
  ],
  guard: [
    [42, 16],
    [14, 10],
    [16, 18],
    [122, 16],
  ],
  throw: [
    [20, 25],
    [85, 18],
    [-70, 18],
    [90, 25],
  ],
  overhead: [
    [40, 30],
    [135, 22],
    [0, 30],
    [40, 30],
  ],
  pull: [
    [110, 25],
    [35, 20],
    [5, 30],
    [80, 30],
  ],
} as const satisfies Record<string, Gesture>;

export type GestureName = keyof typeof GESTURES;

/** Names and their cumulative frequencies. */
export interface Mixture<Name extends string> {
  readonly names: readonly Name[];
  readonly upTo: Float64Array;
}

/** A mixture from names and relative frequencies. */
export function mixture<Name extends string>(
  weights: {
    readonly [N in Name]?: number;
  },
): Mixture<Name> {
  const names = Object.keys(weights) as Name[];
  let sum = 0;
  return { names, upTo: Float64Array.from(names, (name) => (sum += weights[name]!)) };
}

/** Picks a name by its frequency. */
export function pick<Name extends string>({ names, upTo }: Mixture<Name>, random: Random): Name {
  const at = random.uniform() * upTo[upTo.length - 1]!;
  return names[upTo.findIndex((sum) => at < sum)]!;
}

/** Arms of people on their feet who do this and that. */
export const EVERYDAY: { readonly [Name in GestureName]?: number } = {
  hang: 5,
  hold: 5,
  hip: 1,
  reachForward: 2.5,
  reachDown: 1,
  reachUp: 1.5,
  spread: 1.5,
  wave: 1.2,
  face: 1.2,
  behind: 1,
  fold: 0.5,
  guard: 1,
  throw: 0.5,
  pull: 1,
};

const DEGREE = Math.PI / 180;

export function draw(key: Key, random: Random, spread = 1): number {
  const mean = typeof key === 'number' ? key : key[0];
  const deviation = typeof key === 'number' ? 6 : key[1];
  return (mean + random.normal() * deviation * spread) * DEGREE;
}

const ARM: readonly LimbAngle[] = ['shoulderFlex', 'shoulderAbduct', 'shoulderTwist', 'elbow'];

/** Writes both arms: in half of all cases the two do the same, nearly in step. */
export function gesticulate(
  angles: Float64Array,
  gestures: Mixture<GestureName>,
  random: Random,
  spread = 1,
): void {
  const left = pick(gestures, random);
  const together = random.chance(0.5);
  const right = together ? left : pick(gestures, random);
  moveArm(angles, 0, left, random, spread);
  moveArm(angles, 1, right, random, spread);
  if (!together) return;
  for (const name of ARM) {
    const share = 0.35;
    const mine = angles[limb(1, name)]!;
    angles[limb(1, name)] = share * mine + (1 - share) * angles[limb(0, name)]!;
  }
}

function moveArm(
  angles: Float64Array,
  side: Side,
  gesture: GestureName,
  random: Random,
  spread: number,
): void {
  ARM.forEach((name, i) => {
    angles[limb(side, name)] = draw(GESTURES[gesture][i]!, random, spread);
  });
  angles[limb(side, 'forearmTwist')] = draw([0, 25], random);
  angles[limb(side, 'wrist')] = draw([0, 12], random);
  // the shoulder girdle follows the arm beyond the horizontal
  const raised = Math.hypot(
    Math.max(0, angles[limb(side, 'shoulderFlex')]!),
    angles[limb(side, 'shoulderAbduct')]!,
  );
  angles[limb(side, 'clavicleLift')] = 0.2 * Math.max(0, raised - 1) + draw([0, 3], random);
  angles[limb(side, 'clavicleForward')] = draw([0, 5], random);
}
