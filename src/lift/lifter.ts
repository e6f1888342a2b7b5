/** What an embedder calls: loads a lifter and lifts 2D joints to a person in the camera's frame. */

import type { Gpu } from '../gpu/gpu.ts';
import { compile, planOf } from '../graph/program.ts';
import { releaseVariables, writeVariables } from '../graph/store.ts';
import type { Tensor } from '../graph/trace.ts';
import type { Variants } from '../kernels/tuning.ts';
import type { Network } from '../models/layers.ts';
import { decode, encode, INPUT_SIZE } from '../models/representation.ts';
import { readWeights, valuesOf, type Weights } from '../models/weights.ts';
import { type Camera, pixelsToRays } from '../pose/camera.ts';
import { placeRoot } from '../pose/root.ts';
import {
  type Coordinates,
  JOINT_COUNT,
  JOINTS,
  type Joint,
  mirrorPose,
  type Pose3d,
  type RayPose,
} from '../pose/skeleton.ts';
import { equaliseSides } from '../pose/symmetry.ts';

/** A network of the package, such as `martinez`, as a function of its options. */
export interface Architecture {
  (options: never): Network;
  /** The name that weights files give it; that of the function may be changed by a bundler. */
  readonly architecture: string;
}

/** A person in the camera's frame. */
export interface Lifted {
  /** [17 * 3] metres, camera frame: x right, y down, z forward. */
  readonly pose: Float64Array;
  /** The same by name. */
  readonly joints: Readonly<Record<Joint, readonly [x: number, y: number, z: number]>>;
  /**
   * Mean distance, over the joints, of the reprojected pose from the given one; in pixels of the
   * camera.
   */
  readonly reprojectionError: number;
  /** That error as a share of the longer side of the person's box. */
  readonly relativeError: number;
  /** The reprojected pose, [17 * 2] on the plane at depth 1. */
  readonly reprojected: Float64Array;
}

export interface Lifter {
  readonly weights: Weights;
  readonly network: Network;
  /**
   * Lifts poses [n, 17, 2] on the plane at depth 1 to [n, 17, 3] in metres, relative to the pelvis,
   * in the camera's frame. Each is lifted once as it is and once in the mirror; the two are
   * averaged, and bones get the same length left and right.
   */
  liftRays(rays: ArrayLike<number>): Promise<Float32Array>;
  /** Lifts one person, given in pixels of a camera, and puts them where their image comes from. */
  lift(pixels: Coordinates<'pixel'>, camera: Camera): Promise<Lifted>;
  /** Gives back what the lifter has on the device, the weights that it has loaded included. */
  dispose(): Promise<void>;
}

/** Poses of a large run; there is a program for these and one for a single pose. */
const LARGE = 64;

/**
 * Loads a lifter: its architecture, and its weights or the bytes of their file.
 * @throws where the file is no weights file or belongs to another architecture
 */
export async function loadLifter(
  gpu: Gpu,
  architecture: Architecture,
  given: Uint8Array | Weights,
): Promise<Lifter> {
  const weights = given instanceof Uint8Array ? readWeights(given) : given;
  const { architecture: name } = architecture;
  if (weights.architecture !== name)
    throw new Error(
      `loadLifter: these are weights of ${weights.architecture}, not of ${name}. ` +
        `Load them with ${weights.architecture}`,
    );
  const network = architecture(weights.options as never);
  const sets = [network.parameters, network.statistics];
  for (const set of sets) await writeVariables(gpu, set, valuesOf(set, weights.values));
  const lifter = lifterOf(gpu, network, weights);
  return {
    ...lifter,
    async dispose() {
      await lifter.dispose();
      for (const set of sets) await releaseVariables(gpu, set);
    },
  };
}

/**
 * A lifter with a network whose variables are on the device already, and stay there.
 * @param variants of kernels, to be used where they fit
 */
export function lifterOf(
  gpu: Gpu,
  network: Network,
  weights: Weights,
  variants: Variants = {},
): Lifter {
  const programs = new Map<number, Promise<LiftProgram>>();
  const programFor = (size: number) => {
    let program = programs.get(size);
    if (!program) {
      programs.set(size, (program = compileLift(gpu, network, size, variants)));
      // Another call may succeed, as after the recovery of a lost device.
      program.catch(() => programs.delete(size));
    }
    return program;
  };

  const liftRays = async (rays: ArrayLike<number>): Promise<Float32Array> => {
    const stride = 2 * JOINT_COUNT;
    const count = rays.length / stride;
    if (!Number.isInteger(count))
      throw new Error(
        `liftRays: poses are [n, ${JOINT_COUNT}, 2], and ${rays.length} numbers are no whole ` +
          `number of them. Give ${stride} for each person`,
      );
    const all = Float64Array.from(rays);
    const lifted = new Float32Array(count * 3 * JOINT_COUNT);
    for (let first = 0; first < count; first += LARGE) {
      const some = all.subarray(first * stride, (first + LARGE) * stride);
      lifted.set(await liftSome(some), first * 3 * JOINT_COUNT);
    }
    return lifted;
  };

  /** Lifts up to {@link LARGE} poses in one run; what is missing to a full batch repeats the first. */
  const liftSome = async (rays: Float64Array): Promise<Float32Array> => {
    const stride = 2 * JOINT_COUNT;
    const count = rays.length / stride;
    const size = count === 1 ? 1 : LARGE;
    const padded = new Float64Array(size * stride);
    for (let i = 0; i < size; i++)
      padded.set(rays.subarray(i < count ? i * stride : 0).subarray(0, stride), i * stride);
    const poses = await liftBoth(await programFor(size), padded, size);
    return poses.subarray(0, count * 3 * JOINT_COUNT);
  };

  return {
    weights,
    network,
    liftRays,
    async lift(pixels, camera) {
      if (pixels.length !== 2 * JOINT_COUNT)
        throw new Error(
          `lift: a person has ${JOINT_COUNT} joints of two numbers, got ${pixels.length} numbers. ` +
            'Bring other skeletons to Human3.6M by jointsToHuman36m or convertPose',
        );
      const rays = pixelsToRays(camera, pixels);
      return placed(Float64Array.from(await liftRays(rays)) as Pose3d, rays, camera);
    },
    async dispose() {
      const made = await Promise.allSettled(programs.values());
      programs.clear();
      for (const program of made) if (program.status === 'fulfilled') program.value.dispose();
    },
  };
}

const lifting =
  (network: Network) =>
  ({ poses }: { poses: Tensor }) => ({ lifted: network(poses) });
const liftInputs = (size: number) => ({ poses: [2 * size, INPUT_SIZE] }) as const;

const compileLift = (gpu: Gpu, network: Network, size: number, variants: Variants) =>
  compile(gpu, lifting(network), liftInputs(size), { variants });

/** The variants of kernels that a lifter of this network uses on this device. */
export const liftVariants = (gpu: Gpu, network: Network): Variants =>
  Object.assign(
    {},
    ...[1, LARGE].map((size) => planOf(gpu, lifting(network), liftInputs(size)).variants),
  );
type LiftProgram = Awaited<ReturnType<typeof compileLift>>;

/**
 * Lifts poses and their mirror images together: what one side gets wrong the other may get right.
 */
async function liftBoth(program: LiftProgram, rays: Float64Array, size: number) {
  const both = encode([...rays, ...mirrorPose(rays, 2)]);
  const { lifted } = await program.run({ poses: both.inputs }, { read: ['lifted'] });
  const poses = decode(lifted, both.rotations);
  const half = size * 3 * JOINT_COUNT;
  const mirrored = mirrorPose(poses.subarray(half), 3);
  const mean = poses.subarray(0, half).map((v, i) => (v + mirrored[i]!) / 2);
  for (let first = 0; first < half; first += 3 * JOINT_COUNT) {
    const pose = mean.subarray(first, first + 3 * JOINT_COUNT);
    pose.set(equaliseSides(pose as Coordinates<'metric'>));
  }
  return mean;
}

/** Puts a pose where its image comes from. */
function placed(relative: Pose3d, rays: RayPose, camera: Camera): Lifted {
  const { pose, meanError } = placeRoot(relative, rays);
  const reprojected = Float64Array.from({ length: 2 * JOINT_COUNT }, (_, i) => {
    const joint = i >> 1;
    return pose[3 * joint + (i & 1)]! / pose[3 * joint + 2]!;
  });
  const extent = (axis: number) => {
    const values = Array.from({ length: JOINT_COUNT }, (_, j) => rays[2 * j + axis]!);
    return Math.max(...values) - Math.min(...values);
  };
  const joints = Object.fromEntries(
    JOINTS.map((name, j) => [name, [pose[3 * j]!, pose[3 * j + 1]!, pose[3 * j + 2]!]]),
  ) as unknown as Lifted['joints'];
  return {
    pose: Float64Array.from(pose),
    joints,
    reprojectionError: (meanError * (camera.fx + camera.fy)) / 2,
    relativeError: meanError / Math.max(extent(0), extent(1)),
    reprojected,
  };
}
