import type { Random } from '../random.ts';

/**
 * A person's measures in metres. Offsets of the head and the shoulders are in the frames of head
 * and chest: up and forward.
 */
export interface Build {
  readonly height: number;
  readonly hipHalfWidth: number;
  readonly lowerTrunk: number;
  readonly upperTrunk: number;
  readonly shoulderHalfWidth: number;
  readonly shoulderDrop: number;
  readonly upperArm: number;
  readonly forearm: number;
  readonly hand: number;
  readonly thigh: number;
  readonly shank: number;
  readonly foot: number;
  /** The stature that this head is usual for; the head's points are fractions of it. */
  readonly headUnit: number;
}

/**
 * Lengths as fractions of stature, and the deviation of their logarithm. Limbs and heights from
 * Drillis and Contini (1966), drawn towards the joint centres that motion capture puts into
 * Human3.6M-17, between which the sources scatter: thigh .245 in Drillis, .253 in Human3.6M, .223
 * in CMU; shank .246, .260, .275; shoulder half-width .129 (with the deltoids), .086, .070; hip
 * half-width .055 (anatomy, CMU), .076 (Human3.6M's markers). The trunk joints are those of the CMU
 * poses.
 */
const FRACTIONS = {
  hipHalfWidth: [0.057, 0.07],
  lowerTrunk: [0.142, 0.04],
  upperTrunk: [0.168, 0.04],
  shoulderHalfWidth: [0.076, 0.08],
  shoulderDrop: [0.029, 0.1],
  upperArm: [0.173, 0.035],
  forearm: [0.145, 0.035],
  hand: [0.108, 0.04],
  thigh: [0.232, 0.04],
  shank: [0.264, 0.04],
  foot: [0.152, 0.04],
  headUnit: [1, 0.05],
} as const satisfies Partial<Record<keyof Build, readonly [number, number]>>;

const MEASURES = Object.keys(FRACTIONS) as (keyof typeof FRACTIONS)[];

const LIMBS: ReadonlySet<string> = new Set([
  'upperArm',
  'forearm',
  'hand',
  'thigh',
  'shank',
  'foot',
]);

/**
 * Draws a person: statures of men, N(1.756, 0.073) m, and women, N(1.625, 0.067) m, in equal parts;
 * each measure log-normal, limbs with a common factor of 3 %. Both sides are equal.
 */
export function sampleBuild(random: Random): Build {
  const height = random.chance(0.5)
    ? random.truncatedNormal(1.756, 0.073, 1.5, 2.05)
    : random.truncatedNormal(1.625, 0.067, 1.4, 1.9);
  const limbs = random.truncatedNormal(0, 0.03, -0.08, 0.08);
  const build = meanBuild(height) as { -readonly [Measure in keyof Build]: number };
  for (const name of MEASURES) {
    const deviation = FRACTIONS[name][1];
    const own = random.truncatedNormal(0, deviation, -2.5 * deviation, 2.5 * deviation);
    build[name] *= Math.exp(own + (LIMBS.has(name) ? limbs : 0));
  }
  return build;
}

/** The mean person of a stature in metres. */
export function meanBuild(height = 1.69): Build {
  const build: Partial<Record<keyof Build, number>> = { height };
  for (const name of MEASURES) build[name] = height * FRACTIONS[name][0];
  return build as Build;
}
