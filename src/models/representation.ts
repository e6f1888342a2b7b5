/**
 * What a lifter reads and writes. A person is looked at through a virtual camera: turned so that
 * the pelvis is on the axis, and with the size taken out. So neither the place in the picture, nor
 * the distance, nor the lens brings a photo out of distribution; what is left of them is one
 * number, the logarithm of the size.
 */

import { JOINT_COUNT } from '../pose/skeleton.ts';
import { ontoAxis } from '../pose/view.ts';

/** Numbers that tell of a pose: x and y of 16 joints, and the logarithm of their size. */
export const INPUT_NUMBERS = 2 * (JOINT_COUNT - 1) + 1;

/**
 * Numbers that a lifter reads: filled up with zeros to a multiple of four, so that kernels can load
 * quads.
 */
export const INPUT_SIZE = Math.ceil(INPUT_NUMBERS / 4) * 4;

/**
 * Numbers that a lifter writes: x, y and z of 16 joints relative to the pelvis, in metres, in the
 * virtual camera's frame.
 */
export const OUTPUT_SIZE = 3 * (JOINT_COUNT - 1);

/** Poses as a lifter reads them, and how to come back from what it writes. */
export interface Encoded {
  /** [n, INPUT_SIZE] */
  readonly inputs: Float32Array;
  /** [n, 3, 3], row-major: from the camera's frame to the virtual one's. */
  readonly rotations: Float64Array;
}

/**
 * Encodes joints on the plane at depth 1.
 * @param pose2d [n, 17, 2], x right and y down
 * @throws where all joints of a pose coincide, so that it has no size
 */
export function encode(pose2d: ArrayLike<number>): Encoded {
  const stride = 2 * JOINT_COUNT;
  const count = whole('encode', pose2d.length, stride);
  const inputs = new Float32Array(count * INPUT_SIZE);
  const rotations = new Float64Array(count * 9);
  for (let i = 0; i < count; i++) {
    const rotation = ontoAxis(pose2d[i * stride]!, pose2d[i * stride + 1]!);
    rotations.set(rotation, 9 * i);
    const to = i * INPUT_SIZE;
    let squares = 0;
    for (let joint = 1; joint < JOINT_COUNT; joint++) {
      const at = i * stride + 2 * joint;
      const [x, y, z] = turn(rotation, pose2d[at]!, pose2d[at + 1]!, 1);
      inputs[to + 2 * joint - 2] = x / z;
      inputs[to + 2 * joint - 1] = y / z;
      squares += (x / z) ** 2 + (y / z) ** 2;
    }
    const size = Math.sqrt(squares / (JOINT_COUNT - 1));
    // Joints that coincide differ by rounding once they are turned.
    if (!(size > 1e-9 && Number.isFinite(size)))
      throw new Error(
        `encode: pose ${i} has the size ${size}: joints must be finite and differ from the pelvis`,
      );
    for (let k = 0; k < 2 * (JOINT_COUNT - 1); k++) inputs[to + k]! /= size;
    inputs[to + INPUT_NUMBERS - 1] = Math.log(size);
  }
  return { inputs, rotations };
}

/**
 * What a lifter should write for poses: joints relative to the pelvis, turned into the virtual
 * camera's frame.
 * @param pose3d [n, 17, 3] metres, camera frame
 * @returns [n, OUTPUT_SIZE]
 */
export function encodeTargets(pose3d: ArrayLike<number>, rotations: Float64Array): Float32Array {
  const stride = 3 * JOINT_COUNT;
  const count = whole('encodeTargets', pose3d.length, stride);
  const targets = new Float32Array(count * OUTPUT_SIZE);
  for (let i = 0; i < count; i++) {
    const rotation = rotations.subarray(9 * i, 9 * i + 9);
    const root = i * stride;
    for (let joint = 1; joint < JOINT_COUNT; joint++) {
      const at = root + 3 * joint;
      const relative = [0, 1, 2].map((axis) => pose3d[at + axis]! - pose3d[root + axis]!);
      const [x, y, z] = relative as [number, number, number];
      targets.set(turn(rotation, x, y, z), i * OUTPUT_SIZE + 3 * (joint - 1));
    }
  }
  return targets;
}

/**
 * Poses from what a lifter writes.
 * @param outputs [n, OUTPUT_SIZE] metres
 * @returns [n, 17, 3] metres, relative to the pelvis, in the frame of the camera that took the picture
 */
export function decode(outputs: ArrayLike<number>, rotations: Float64Array): Float32Array {
  const count = whole('decode', outputs.length, OUTPUT_SIZE);
  const poses = new Float32Array(count * 3 * JOINT_COUNT);
  for (let i = 0; i < count; i++) {
    const [a, b, c, d, e, f, g, h, j] = rotations.subarray(9 * i, 9 * i + 9) as unknown as number[];
    const back = [a!, d!, g!, b!, e!, h!, c!, f!, j!];
    for (let joint = 1; joint < JOINT_COUNT; joint++) {
      const at = i * OUTPUT_SIZE + 3 * (joint - 1);
      const pose = turn(back, outputs[at]!, outputs[at + 1]!, outputs[at + 2]!);
      poses.set(pose, 3 * (i * JOINT_COUNT + joint));
    }
  }
  return poses;
}

function turn(r: ArrayLike<number>, x: number, y: number, z: number): [number, number, number] {
  return [
    r[0]! * x + r[1]! * y + r[2]! * z,
    r[3]! * x + r[4]! * y + r[5]! * z,
    r[6]! * x + r[7]! * y + r[8]! * z,
  ];
}

/** How many poses of so many numbers there are. */
export function whole(what: string, length: number, stride: number): number {
  if (length % stride === 0) return length / stride;
  throw new Error(
    `${what}: ${length} numbers are no whole number of poses. Give ${stride} for each`,
  );
}
