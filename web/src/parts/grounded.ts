/**
 * A pose of the camera's frame [17 * 3] (y down, z forward) for other programs: y up, z towards the
 * viewer, the lowest joint at the height of an ankle, the pelvis over the origin.
 */
export function grounded(pose: ArrayLike<number>): Float64Array {
  let lowest = -Infinity;
  for (let i = 1; i < pose.length; i += 3) lowest = Math.max(lowest, pose[i]!);
  const [x, z] = [pose[0]!, pose[2]!];
  return Float64Array.from(pose, (value, i) =>
    i % 3 === 0 ? value - x : i % 3 === 1 ? lowest + ANKLE - value : z - value,
  );
}

/** Metres from the ground to the lowest joint, an ankle as a rule. */
export const ANKLE = 0.08;
