/** Whether a human body can take a pose, told from its joints alone. */

import type { Coordinates, Joint } from '../../pose/skeleton.ts';
import { type MeasureName, measureBody } from './measures.ts';

export interface BodyFault {
  /** The joint that cannot be so. */
  readonly joint: Joint;
  /** What is wrong about it, to be said after the joint's name: "bends the wrong way". */
  readonly what: string;
  /** Degrees beyond the limit; 0 for limbs inside each other. */
  readonly beyond: number;
}

/**
 * What bodies do, in degrees: the ranges of motion of `angles.ts`, or what 24,252 captured poses
 * show where that is more, with a margin of 3 to 10 degrees. The captured poses are 115 clips of the
 * CMU motion-capture database (mocap.cs.cmu.edu), each limit beside their percentiles 0.03 and
 * 99.97, rounded. Dancers bend and turn farther than the clinic measures, and a person who bends
 * down has a pelvis that its joints do not show. In two more clips, 13_18 and 01_01, forearms were
 * captured bent backwards at the elbow for half of the time, at 180 degrees where no arm of the
 * others goes; those are faults of the capture.
 *
 * Sides of the body have one limit, the wider of what they show.
 */
const LIMITS: { readonly [name in MeasureName]: readonly [low: number, high: number] } = {
  pelvisBreak: [0, 20], // 0 to 1: two halves of one bone; a lifted pelvis may break a little
  pelvisSlant: [-25, 25], // -12 to 10
  shouldersSlant: [-25, 25], // -5 to 7
  shouldersForward: [-35, 25], // -9 to -5, of a skeleton without collar bones that move
  chestFlex: [-62, 63], // -56 to 56
  chestLean: [-55, 55], // -50 to 43
  chestTurn: [-95, 95], // -101 to 65
  headFlex: [-83, 73], // -78 to 66
  headLean: [-52, 52], // -44 to 45
  headTurn: [-92, 92], // -88 to 75
  shoulderFlex: [-92, 205], // -76 to 154, and a cone with shoulderAbduct
  shoulderAbduct: [-82, 205], // -56 to 130
  shoulderTwist: [-125, 107], // -126 to 99
  elbow: [0, 172], // 15 to 167
  hipFlex: [-95, 238], // -69 to 130, and a cone with hipAbduct
  hipAbduct: [-95, 121], // -84 to 112
  hipTwist: [-62, 68], // -53 to 65
  raisedHipTwist: [-135, 122], // -164 to 141: here the frame of the pelvis is off
  knee: [0, 150], // 3 to 145
  inside: [-Infinity, 0.105], // up to 0.099: flesh gives way, and joints are no bones
};

/** The other angle of a swing, measured just before: their limits together are an elliptic cone. */
const CONES: { readonly [name in MeasureName]?: MeasureName } = {
  shoulderAbduct: 'shoulderFlex',
  hipAbduct: 'hipFlex',
};
const IN_CONES: ReadonlySet<string> = /* @__PURE__ */ new Set(Object.values(CONES));

const WHAT: { readonly [name in MeasureName]?: string } = {
  pelvisBreak: 'is broken between the hips',
  pelvisSlant: 'is too slanted against the back',
  shouldersSlant: 'has its shoulders too slanted',
  shouldersForward: 'has its shoulders out of line',
  chestFlex: 'bends too far',
  chestLean: 'leans too far',
  chestTurn: 'is twisted too far',
  headFlex: 'is bent too far',
  headLean: 'leans too far',
  headTurn: 'is turned too far',
  shoulderAbduct: 'is turned too far',
  elbow: 'bends too far',
  hipAbduct: 'is turned too far',
  knee: 'bends too far',
  inside: 'has limbs inside each other',
};

/** Turned by more than this, what bends sideways bends the wrong way. */
const BACKWARDS = 110;

/**
 * What a human body cannot do of this pose; nothing where it can take it. Of captured poses, 0.4 %
 * are found impossible; of captured people whose knees were mirrored to bend backwards, 99 %, and
 * of people whose bones each point at random towards the camera or away from it, 9 in 10.
 * @param pose [17 * 3] metres, in any right-handed frame, such as a camera's
 */
export function bodyFaults(pose: Coordinates<'metric'>): BodyFault[] {
  const faults: BodyFault[] = [];
  let before = 0;
  measureBody(pose, (name, joint, value) => {
    const swing = CONES[name];
    const beyond = swing
      ? beyondCone(LIMITS[swing], before, LIMITS[name], value)
      : over(LIMITS[name], value);
    before = value;
    if (beyond > 0 && !IN_CONES.has(name))
      faults.push({ joint, what: whatOf(name, value), beyond: name === 'inside' ? 0 : beyond });
  });
  return faults;
}

type Range = readonly [low: number, high: number];

const over = ([low, high]: Range, value: number) => Math.max(low - value, value - high);

function beyondCone(aRange: Range, a: number, bRange: Range, b: number): number {
  const share = Math.hypot(a / aRange[a < 0 ? 0 : 1], b / bRange[b < 0 ? 0 : 1]);
  return share > 1 ? Math.hypot(a, b) * (1 - 1 / share) : 0;
}

const whatOf = (name: MeasureName, value: number): string =>
  WHAT[name] ?? (Math.abs(value) > BACKWARDS ? 'bends the wrong way' : 'bends sideways');
