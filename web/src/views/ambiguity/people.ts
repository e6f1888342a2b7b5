/** All the people that the picture can be, and which of them a body could be. */

import {
  BONES,
  type BodyFault,
  bodyFaults,
  boneLengths,
  type Camera,
  type Choices,
  choicesOf,
  type DepthCandidates,
  depthCandidates,
  type Lifted,
  ontoRays,
  type PixelPose,
  type Pose3d,
  pixelsToRays,
  project,
} from 'kinegrad';

export interface People {
  readonly candidates: DepthCandidates;
  /** What the lifter chose, and its person, moved onto the rays of the picture. */
  readonly chosen: Choices;
  readonly lifted: Pose3d;
  /** Metres between the two ends that each bone can have, of the lifter's person. */
  readonly gaps: Float64Array;
}

export function peopleOf(lifted: Lifted, joints: PixelPose, camera: Camera): People {
  const rays = pixelsToRays(camera, joints);
  const pose = ontoRays(lifted.pose as Pose3d, rays);
  const candidates = depthCandidates(rays, boneLengths(pose), pose[2]!);
  const chosen = choicesOf(pose);
  const gaps = Float64Array.from(BONES, ({ to }, bone) => {
    const other = candidates.person(chosen ^ (1 << bone));
    // Where what hangs from it cannot follow, the joint itself may still have two places.
    if (!other) return Number.NaN;
    return Math.hypot(...[0, 1, 2].map((axis) => other[3 * to + axis]! - pose[3 * to + axis]!));
  });
  return { candidates, chosen, lifted: pose, gaps };
}

/** Largest distance, in pixels, of a person's image from the picture's joints. */
export function imageError(pose: Pose3d, joints: PixelPose, camera: Camera): number {
  const image = project(camera, pose);
  let largest = 0;
  for (let i = 0; i < image.length; i += 2)
    largest = Math.max(largest, Math.hypot(image[i]! - joints[i]!, image[i + 1]! - joints[i + 1]!));
  return largest;
}

export interface Counted {
  /** Those who reach all their rays, and those whom a body could be; each from the lifter's on. */
  readonly all: Int32Array;
  readonly human: Int32Array;
}

/** Milliseconds of work before the page has its turn. */
const SLICE = 8;

/** Walks all choices, in slices. @returns undefined where the signal ended it */
export async function count(
  { candidates, chosen, gaps }: People,
  signal: AbortSignal,
  progress: (all: number, human: number) => void,
): Promise<Counted | undefined> {
  const all: number[] = [];
  const human: number[] = [];
  let since = performance.now();
  for (const _ of candidates.walk((choices, pose) => {
    all.push(choices);
    if (bodyFaults(pose).length === 0) human.push(choices);
  })) {
    if (performance.now() - since < SLICE) continue;
    progress(all.length, human.length);
    await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return undefined;
    since = performance.now();
  }
  // Few bones first, and of these the ones that move farthest.
  const rank = (choices: number) => {
    let value = 0;
    for (let rest = choices ^ chosen; rest; rest &= rest - 1)
      value += 100 - (gaps[31 - Math.clz32(rest & -rest)]! || 0);
    return value;
  };
  const ordered = (list: readonly number[]) =>
    Int32Array.from(
      list
        .map((choices) => [rank(choices), choices] as const)
        .sort((a, b) => a[0] - b[0])
        .map(([, choices]) => choices),
    );
  return { all: ordered(all), human: ordered(human) };
}

/** "the right knee bends the wrong way, by 63° more than joints allow" */
export function sentence({ joint, what, beyond }: BodyFault): string {
  const name = joint.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (!beyond) return `some limbs are inside each other`;
  return `the ${name} ${what}, ${Math.max(1, Math.round(beyond))}° beyond what joints allow`;
}

const NAMES: Readonly<Record<string, string>> = {
  Pelvis: 'hip',
  Thigh: 'thigh',
  Shank: 'shin',
  lowerTrunk: 'lower back',
  upperTrunk: 'upper back',
  neck: 'neck',
  head: 'head',
  Clavicle: 'collar bone',
  UpperArm: 'upper arm',
  Forearm: 'forearm',
};

/** A bone in everyday words, without its side. */
export const everyday = (bone: number): string =>
  NAMES[BONES[bone]!.name.replace(/^left|^right/, '')]!;

const bonesOf = (...names: string[]) =>
  names.map((name) => BONES.findIndex((bone) => bone.name === name));
export const GROUPS: readonly (readonly [string, readonly number[]])[] = [
  ['Trunk', bonesOf('lowerTrunk', 'upperTrunk', 'neck', 'head')],
  ['Left arm', bonesOf('leftClavicle', 'leftUpperArm', 'leftForearm')],
  ['Right arm', bonesOf('rightClavicle', 'rightUpperArm', 'rightForearm')],
  ['Left leg', bonesOf('leftPelvis', 'leftThigh', 'leftShank')],
  ['Right leg', bonesOf('rightPelvis', 'rightThigh', 'rightShank')],
];
