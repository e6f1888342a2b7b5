import type { Random } from '../random.ts';
import type { LimbAngle, Side, TrunkAngle } from './angles.ts';
import type { Key } from './gestures.ts';

/**
 * What a family writes its key angles with; numbers are degrees, [mean, deviation] or a mean alone.
 */
export interface Poser {
  readonly random: Random;
  trunk(keys: { readonly [Name in TrunkAngle]?: Key }): void;
  leg(side: Side, keys: { readonly [Name in LimbAngle]?: Key }): void;
  legs(keys: { readonly [Name in LimbAngle]?: Key }): void;
  arm(side: Side, keys: { readonly [Name in LimbAngle]?: Key }): void;
  /** Either side with equal chance: the side named first in a template. */
  readonly a: Side;
  readonly b: Side;
}

/** Degrees: how far a gait swings, and about what. */
interface Gait {
  readonly lean: number;
  readonly hip: number;
  readonly middle: number;
  readonly knee: readonly [stance: number, swing: number];
  readonly elbow: number;
}

export const WALK: Gait = { lean: 4, hip: 23, middle: 14, knee: [18, 48], elbow: 32 };

/** One phase of a gait; the arms swing against the legs, or do something else in 3 of 10 cases. */
export function stride(poser: Poser, gait: Gait): void {
  const phase = poser.random.uniform(0, 2 * Math.PI);
  const effort = poser.random.uniform(0.55, 1.15);
  strideAt(poser, gait, { phase, effort, swing: poser.random.chance(0.7) });
}

/** A given phase of it, in radians of the left leg's cycle. */
export function strideAt(
  { trunk, leg, arm }: Pick<Poser, 'trunk' | 'leg' | 'arm'>,
  gait: Gait,
  { phase, effort, swing }: { phase: number; effort: number; swing: boolean },
): void {
  trunk({
    pelvisPitch: [gait.lean, 5],
    chestTurn: [6 * effort * Math.cos(phase), 5],
    headFlex: [5, 11],
    chestFlex: [3, 8],
  });
  for (const side of [0, 1] as const) {
    const own = phase + side * Math.PI;
    // the knee bends most while the thigh comes forward
    const lifted = Math.max(0, Math.sin(-own - 0.3)) ** 1.5;
    leg(side, {
      hipFlex: [gait.middle + gait.hip * effort * Math.cos(own), 6],
      hipAbduct: [2, 5],
      knee: [gait.knee[0] + gait.knee[1] * effort * lifted, 8],
    });
    if (swing)
      arm(side, {
        shoulderFlex: [-0.8 * gait.hip * effort * Math.cos(own), 9],
        shoulderAbduct: [9, 6],
        shoulderTwist: [16, 14],
        elbow: [gait.elbow, 13],
      });
  }
}
