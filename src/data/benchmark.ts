import { asFloat32, readSafetensors, tensorNamed } from '../formats/safetensors.ts';
import { JOINT_COUNT, JOINTS } from '../pose/skeleton.ts';

/** Fixed views of people, on which lifters are compared. */
export interface Benchmark {
  readonly count: number;
  /** [views, 17, 2] on the plane at depth 1, y down. */
  readonly pose2d: Float32Array;
  /** [views, 17, 3] metres, camera frame, absolute. */
  readonly pose3d: Float32Array;
  /** What the file says of itself: units, subjects, how its cameras were drawn, its notice. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a benchmark: the tensors `pose2d` [M, 17, 2] and `pose3d` [M, 17, 3].
 * @throws Error for other shapes, and for a value that is not finite or not in front of the camera,
 * naming view and joint
 */
export function readBenchmark(bytes: Uint8Array): Benchmark {
  const file = readSafetensors(bytes);
  const [pose2d, pose3d] = (['pose2d', 'pose3d'] as const).map((name, i) => {
    const tensor = tensorNamed(file, name);
    const [count, joints, size] = tensor.shape;
    if (tensor.shape.length !== 3 || joints !== JOINT_COUNT || size !== 2 + i)
      throw new Error(
        `benchmark: ${name} has the shape [${tensor.shape.join(', ')}]; ` +
          `it must be [M, ${JOINT_COUNT}, ${2 + i}].`,
      );
    const values = asFloat32(tensor);
    const bad = values.findIndex(
      (v, k) => !Number.isFinite(v) || (size === 3 && k % 3 === 2 && v <= 0),
    );
    if (bad >= 0)
      throw new Error(
        `benchmark: ${name} of view ${Math.floor(bad / (JOINT_COUNT * size))}, joint ` +
          `${JOINTS[Math.floor(bad / size) % JOINT_COUNT]}, has a coordinate ${values[bad]}; ` +
          'coordinates must be finite and depths above zero.',
      );
    return { count: count!, values };
  });
  if (pose2d!.count !== pose3d!.count)
    throw new Error(
      `benchmark: ${pose2d!.count} views in pose2d, ${pose3d!.count} in pose3d; they must agree.`,
    );
  return {
    count: pose2d!.count,
    pose2d: pose2d!.values,
    pose3d: pose3d!.values,
    metadata: file.metadata,
  };
}
