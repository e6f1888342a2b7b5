import { BONE_PAIRS, BONES, boneLengths, type Coordinates, type Pose3d } from './skeleton.ts';

/**
 * The pose with bones of equal length left and right: both get the mean of the two, each keeps its
 * direction, and what hangs from it moves along. People are symmetric; a lifter that sees one side
 * of them badly is not.
 * @param pose [17 * 3], metres
 */
export function equaliseSides(pose: Coordinates<'metric'>): Pose3d {
  const lengths = boneLengths(pose);
  const factors = Float64Array.from(lengths, () => 1);
  for (const pair of BONE_PAIRS) {
    const [i, j] = pair.map((bone) => BONES.indexOf(bone)) as [number, number];
    const mean = (lengths[i]! + lengths[j]!) / 2;
    for (const k of [i, j]) if (lengths[k]! > 0) factors[k] = mean / lengths[k]!;
  }
  const equal = Float64Array.from(pose);
  // Bones come from the pelvis outwards, so that a parent is in place before its children.
  BONES.forEach(({ from, to }, i) => {
    for (let axis = 0; axis < 3; axis++)
      equal[3 * to + axis] =
        equal[3 * from + axis]! + factors[i]! * (pose[3 * to + axis]! - pose[3 * from + axis]!);
  });
  return equal as Pose3d;
}
