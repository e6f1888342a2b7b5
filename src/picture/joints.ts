import { type Coordinates, JOINT_COUNT, JOINTS, type Joint } from '../pose/skeleton.ts';

/** Joints by name, two or three numbers each; those that are absent are not drawn. */
export type NamedJoints = Readonly<Partial<Record<Joint, readonly number[]>>>;

/** A pose in the image: [17 * 2] pixels, or named joints. */
export type ImagePose = Coordinates<'pixel'> | NamedJoints;

/** A pose in space: [17 * 3] metres in the camera frame (x right, y down, z forward), or named. */
export type SpacePose = Coordinates<'metric'> | NamedJoints;

/**
 * The 17 joints of a pose in order, undefined where one is absent or not finite.
 * @throws for an array that is not [17 * size], or a named joint that has not that many numbers
 */
export function jointList(
  pose: ArrayLike<number> | NamedJoints,
  size: 2 | 3,
): (readonly number[] | undefined)[] {
  const numbers = 'length' in pose && typeof pose.length === 'number' ? pose : undefined;
  if (numbers && numbers.length !== JOINT_COUNT * size)
    throw new Error(
      `picture: a pose of ${numbers.length} numbers; ${JOINT_COUNT} joints of ${size} are needed.`,
    );
  return JOINTS.map((name, i) => {
    const point = numbers
      ? Array.from({ length: size }, (_, axis) => (numbers as ArrayLike<number>)[size * i + axis]!)
      : (pose as NamedJoints)[name];
    if (point && point.length !== size)
      throw new Error(`picture: ${name} has ${point.length} numbers; it needs ${size}.`);
    return point?.every(Number.isFinite) ? point : undefined;
  });
}

/** Smallest and largest coordinate of each axis, or nothing where there is no point. */
export function boundsOf(
  points: readonly (readonly number[] | undefined)[],
): { readonly low: readonly number[]; readonly high: readonly number[] } | undefined {
  const there = points.filter((point) => point !== undefined);
  const [first] = there;
  if (!first) return undefined;
  const reduce = (pick: (...values: number[]) => number) =>
    first.map((_, axis) => pick(...there.map((point) => point[axis]!)));
  return { low: reduce(Math.min), high: reduce(Math.max) };
}
