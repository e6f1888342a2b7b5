/**
 * Why one picture has many people: a joint lies somewhere on its viewing ray, and at the end of a
 * bone of known length from its parent. The ray meets the sphere about the parent twice, so that
 * each bone can point towards the camera or away from it, and looks the same.
 */

import { BONES, type Coordinates, JOINT_COUNT, type Pose3d, type RayPose } from './skeleton.ts';

/** Which of its two places a joint takes: the one nearer to the camera, or the farther one. */
export const NEARER = 0;
export const FARTHER = 1;

/**
 * A choice for each of the 16 bones as a number: bit i is bone i, 0 the nearer end, 1 the farther
 * one.
 */
export type Choices = number;

export const CHOICE_COUNT = 2 ** BONES.length;

/**
 * The two places on the ray (u, v, 1) s at a distance `length` from a parent P, by their depths s:
 *
 *     |s d - P|^2 = length^2      with d = (u, v, 1)
 *     (d.d) s^2 - 2 (d.P) s + P.P - length^2 = 0
 *
 * @returns depths in metres, the nearer first; undefined where the bone is too short to reach the ray
 *   or an end would be behind the camera
 */
export function depthsOf(
  parent: readonly [number, number, number],
  u: number,
  v: number,
  length: number,
): readonly [nearer: number, farther: number] | undefined {
  const [x, y, z] = parent;
  const a = u * u + v * v + 1;
  const b = u * x + v * y + z;
  // As distances from the foot of the perpendicular, which loses no digits where length << depth.
  const foot = b / a;
  const away = (foot * u - x) ** 2 + (foot * v - y) ** 2 + (foot - z) ** 2;
  const square = length * length - away;
  // What rounding makes of a bone that lies across its ray.
  if (square < -1e-9 * length * length) return undefined;
  const half = Math.sqrt(Math.max(0, square) / a);
  return foot - half > 0 ? [foot - half, foot + half] : undefined;
}

export interface DepthCandidates {
  /**
   * The person of a choice, or undefined where a bone cannot reach its joint's ray.
   * @param into [17 * 3], written where the person exists; a new one by default
   */
  person(choices: Choices, into?: Pose3d): Pose3d | undefined;
  /** The joint that the choice cannot reach: the first one, from the pelvis outwards. */
  unreachable(choices: Choices): number | undefined;
  /**
   * Calls `visit` for all that exist, with a pose that the next one overwrites; bones far from the
   * pelvis change fastest. A generator, so that a page can take it in slices: it yields after every
   * choice of the trunk and the legs.
   */
  walk(visit: (choices: Choices, pose: Pose3d) => void): Generator<void>;
}

/**
 * All the people that one 2D pose can be.
 * @param rays [17 * 2] points of the plane at depth 1 (`pixelsToRays`)
 * @param lengths [16] of the bones in metres, in the order of BONES
 * @param depth of the pelvis in metres
 */
export function depthCandidates(
  rays: Coordinates<'normalised'>,
  lengths: ArrayLike<number>,
  depth: number,
): DepthCandidates {
  if (rays.length !== 2 * JOINT_COUNT || lengths.length !== BONES.length)
    throw new Error(
      `depthCandidates: give ${JOINT_COUNT} rays and ${BONES.length} lengths, got ` +
        `${rays.length / 2} and ${lengths.length}`,
    );
  if (!(depth > 0))
    throw new Error(`depthCandidates: the pelvis is ${depth} m away; it must be above 0`);
  const put = (pose: Float64Array, joint: number, z: number) => {
    pose[3 * joint] = rays[2 * joint]! * z;
    pose[3 * joint + 1] = rays[2 * joint + 1]! * z;
    pose[3 * joint + 2] = z;
  };
  const ends = (pose: Float64Array, bone: number) => {
    const { from, to } = BONES[bone]!;
    const parent = [pose[3 * from]!, pose[3 * from + 1]!, pose[3 * from + 2]!] as const;
    return depthsOf(parent, rays[2 * to]!, rays[2 * to + 1]!, lengths[bone]!);
  };
  /** Places all joints. @returns the first that cannot be, else undefined */
  const place = (choices: Choices, pose: Float64Array): number | undefined => {
    put(pose, 0, depth);
    for (let bone = 0; bone < BONES.length; bone++) {
      const found = ends(pose, bone);
      if (!found) return BONES[bone]!.to;
      put(pose, BONES[bone]!.to, found[(choices >> bone) & 1]!);
    }
    return undefined;
  };
  return {
    person(choices, into = new Float64Array(3 * JOINT_COUNT)) {
      return place(choices, into) === undefined ? into : undefined;
    },
    unreachable: (choices) => place(choices, new Float64Array(3 * JOINT_COUNT)),
    *walk(visit) {
      const pose = new Float64Array(3 * JOINT_COUNT);
      put(pose, 0, depth);
      yield* branch(0, 0);
      function* branch(bone: number, choices: Choices): Generator<void> {
        if (bone === SLICE) yield;
        if (bone >= SLICE) return leaves(bone, choices);
        const found = ends(pose, bone);
        for (const side of found ? [NEARER, FARTHER] : []) {
          put(pose, BONES[bone]!.to, found![side]!);
          yield* branch(bone + 1, choices | (side << bone));
        }
      }
      function leaves(bone: number, choices: Choices): void {
        if (bone === BONES.length) {
          visit(choices, pose);
          return;
        }
        const found = ends(pose, bone);
        for (const side of found ? [NEARER, FARTHER] : []) {
          put(pose, BONES[bone]!.to, found![side]!);
          leaves(bone + 1, choices | (side << bone));
        }
      }
    },
  };
}

/** The bones of the trunk and the legs; those of head and arms are walked in one go. */
const SLICE = 8;

/** Which choice a person is who lies on the rays: for each bone the end that is nearer to theirs. */
export function choicesOf(pose: Coordinates<'metric'>): Choices {
  let choices = 0;
  BONES.forEach(({ from, to }, bone) => {
    const [u, v] = [pose[3 * to]! / pose[3 * to + 2]!, pose[3 * to + 1]! / pose[3 * to + 2]!];
    const parent = [pose[3 * from]!, pose[3 * from + 1]!, pose[3 * from + 2]!] as const;
    // The foot of the perpendicular lies in the middle of the two.
    const foot = (u * parent[0] + v * parent[1] + parent[2]) / (u * u + v * v + 1);
    if (pose[3 * to + 2]! > foot) choices |= 1 << bone;
  });
  return choices;
}

/**
 * The person with each joint moved, at its own depth, onto its viewing ray: what a lifted pose must
 * be so that its own reprojection is the picture.
 */
export function ontoRays(pose: Coordinates<'metric'>, rays: RayPose): Pose3d {
  return Float64Array.from({ length: 3 * JOINT_COUNT }, (_, i) => {
    const joint = Math.floor(i / 3);
    const z = pose[3 * joint + 2]!;
    return i % 3 === 2 ? z : rays[2 * joint + (i % 3)]! * z;
  });
}
