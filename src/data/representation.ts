import { JOINT_COUNT } from '../pose/skeleton.ts';

/**
 * Numbers a lifter reads: 16 joints relative to the pelvis, then the pelvis itself, x and y each.
 */
export const INPUT_SIZE = 2 * JOINT_COUNT;

/** Numbers a lifter writes: 16 joints relative to the pelvis, x, y and z each. */
export const OUTPUT_SIZE = 3 * (JOINT_COUNT - 1);

/**
 * Joints of the plane at depth 1 as a lifter reads them. Rays take the intrinsics out of the
 * picture, the difference to the pelvis takes out most of the place; the pelvis tells what is left,
 * from where the person is seen.
 * @param pose2d [n, 17, 2]
 * @returns [n, 34]
 */
export function encodeInput(pose2d: ArrayLike<number>): Float32Array {
  const count = wholePoses('encodeInput', pose2d.length, INPUT_SIZE);
  const input = new Float32Array(count * INPUT_SIZE);
  for (let i = 0; i < count; i++) {
    const from = i * INPUT_SIZE;
    const [x, y] = [pose2d[from]!, pose2d[from + 1]!];
    for (let k = 2; k < INPUT_SIZE; k += 2) {
      input[from + k - 2] = pose2d[from + k]! - x;
      input[from + k - 1] = pose2d[from + k + 1]! - y;
    }
    input[from + INPUT_SIZE - 2] = x;
    input[from + INPUT_SIZE - 1] = y;
  }
  return input;
}

/**
 * What a lifter should write for poses: the joints relative to the pelvis.
 * @param pose3d [n, 17, 3] metres
 * @returns [n, 48]
 */
export function encodeOutput(pose3d: ArrayLike<number>): Float32Array {
  const stride = 3 * JOINT_COUNT;
  const count = wholePoses('encodeOutput', pose3d.length, stride);
  const output = new Float32Array(count * OUTPUT_SIZE);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < OUTPUT_SIZE; k++)
      output[i * OUTPUT_SIZE + k] = pose3d[i * stride + 3 + k]! - pose3d[i * stride + (k % 3)]!;
  return output;
}

/** Poses [n, 17, 3] with the pelvis at the origin, from what a lifter writes [n, 48]; metres. */
export function decodeOutput(output: ArrayLike<number>): Float32Array {
  const count = wholePoses('decodeOutput', output.length, OUTPUT_SIZE);
  const pose3d = new Float32Array(count * 3 * JOINT_COUNT);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < OUTPUT_SIZE; k++)
      pose3d[i * 3 * JOINT_COUNT + 3 + k] = output[i * OUTPUT_SIZE + k]!;
  return pose3d;
}

function wholePoses(what: string, length: number, stride: number): number {
  if (length % stride === 0) return length / stride;
  throw new Error(`${what}: ${length} numbers are no whole number of poses of ${stride}.`);
}
