/** Lifts 2D joints to people in the camera's frame. */

import type { Gpu } from '../gpu/gpu.ts';
import { type CompileOptions, compile, planOf } from '../graph/program.ts';
import type { Tensor } from '../graph/trace.ts';
import type { Variants } from '../kernels/tuning.ts';
import type { Network } from '../models/layers.ts';
import { decode, encode, INPUT_SIZE, whole } from '../models/representation.ts';
import type { Weights } from '../models/weights.ts';
import { type Camera, pixelsToRays } from '../pose/camera.ts';
import {
  type Coordinates,
  JOINT_COUNT,
  JOINTS,
  mirrorPose,
  type Pose3d,
} from '../pose/skeleton.ts';
import { joinMirrored, POSE } from './join_mirrored.ts';
import { type Lifted, placed } from './placed.ts';

export interface Lifter {
  /** Where it runs. It dispatches `lost` and `recovered`; the next lift recovers by itself. */
  readonly gpu: Gpu;
  readonly weights: Weights;
  readonly network: Network;
  /**
   * Lifts poses [n, 17, 2] on the plane at depth 1 to [n, 17, 3] in metres, relative to the pelvis,
   * in the camera's frame. Each is lifted once as it is and once in the mirror; the two are
   * averaged, and bones get the same length left and right.
   * @throws DeviceLostError where the device is lost on the way; the next call goes to a fresh one
   */
  liftRays(rays: ArrayLike<number>): Promise<Float32Array>;
  /**
   * Lifts one person [17 * 2], or any number of them, given in pixels of a camera, and puts them
   * where their image comes from. Calls from several places may overlap. After the first one of each
   * kind, nothing is created on the device.
   * @throws DeviceLostError as `liftRays`
   */
  lift(joints: Coordinates<'pixel'>, camera: Camera): Promise<Lifted>;
  lift(people: readonly Coordinates<'pixel'>[], camera: Camera): Promise<Lifted[]>;
  /** Gives back what the lifter has on the device. Calls that are under way reject. */
  dispose(): Promise<void>;
}

export interface LifterOptions {
  /** Variants of kernels to use where they fit. */
  variants?: Variants;
  /** Sets of variables to read instead of the network's own. */
  stead?: CompileOptions['stead'];
  /** Called as pipelines are ready. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Poses of a large run; there is a program for these and one for a single pose. */
const LARGE = 64;

/** Numbers of a person's rays. */
const RAYS = 2 * JOINT_COUNT;

/**
 * A lifter with a network whose variables are on the device already, and stay there.
 */
export function lifterOf(
  gpu: Gpu,
  network: Network,
  weights: Weights,
  options: LifterOptions = {},
): Lifter {
  const programs = new Map<number, Promise<LiftProgram>>();
  let disposed = false;
  const programFor = (size: number) => {
    let program = programs.get(size);
    if (!program) {
      programs.set(size, (program = compileLift(gpu, network, size, options)));
      // Another call may succeed, as after the recovery of a lost device.
      program.catch(() => programs.delete(size));
    }
    return program;
  };

  const liftRays = async (rays: ArrayLike<number>): Promise<Float32Array> => {
    const count = whole('liftRays', rays.length, RAYS);
    if (disposed) throw new Error('this lifter is disposed: load it again');
    if (gpu.lost) await gpu.recover();
    const all = Float64Array.from(rays);
    const lifted = new Float32Array(count * POSE);
    for (let first = 0; first < count; first += LARGE) {
      const some = all.subarray(first * RAYS, (first + LARGE) * RAYS);
      lifted.set(await liftSome(some), first * POSE);
    }
    return lifted;
  };

  /** Lifts up to {@link LARGE} poses in one run; what is missing to a full batch repeats the first. */
  const liftSome = async (rays: Float64Array): Promise<Float32Array> => {
    const count = rays.length / RAYS;
    const size = count === 1 ? 1 : LARGE;
    const padded = new Float64Array(size * RAYS);
    for (let i = 0; i < size; i++)
      padded.set(rays.subarray(i < count ? i * RAYS : 0).subarray(0, RAYS), i * RAYS);
    const poses = await liftBoth(await programFor(size), padded);
    return poses.subarray(0, count * POSE);
  };

  const liftPeople = async (people: readonly Coordinates<'pixel'>[], camera: Camera) => {
    const wrong = people.find(({ length }) => length !== RAYS);
    if (wrong)
      throw new Error(
        `lift: a person has ${JOINT_COUNT} joints of two numbers, got ${wrong.length}. Convert others by jointsToHuman36m or convertPose`,
      );
    for (const pixels of people) {
      const at = Array.from(pixels).findIndex((value) => !Number.isFinite(value));
      if (at >= 0)
        throw new Error(
          `lift: ${JOINTS[at >> 1]} is at ${pixels[at]}. Leave out a person who lacks a joint`,
        );
    }
    const rays = people.map((pixels) => pixelsToRays(camera, pixels));
    const poses = await liftRays(rays.flatMap((values) => [...values]));
    return rays.map((values, i) => {
      const pose = poses.subarray(POSE * i, POSE * (i + 1));
      return placed(Float64Array.from(pose) as Pose3d, values, camera);
    });
  };

  async function lift(joints: Coordinates<'pixel'>, camera: Camera): Promise<Lifted>;
  async function lift(people: readonly Coordinates<'pixel'>[], camera: Camera): Promise<Lifted[]>;
  async function lift(
    given: Coordinates<'pixel'> | readonly Coordinates<'pixel'>[],
    camera: Camera,
  ): Promise<Lifted | Lifted[]> {
    if (isOne(given)) return (await liftPeople([given], camera))[0]!;
    return liftPeople(given, camera);
  }

  return {
    gpu,
    weights,
    network,
    liftRays,
    lift,
    async dispose() {
      disposed = true;
      const made = await Promise.allSettled(programs.values());
      programs.clear();
      for (const program of made) if (program.status === 'fulfilled') program.value.dispose();
    },
  };
}

const isOne = (
  given: Coordinates<'pixel'> | readonly Coordinates<'pixel'>[],
): given is Coordinates<'pixel'> => typeof given[0] === 'number';

/** What lifting so many people is, as `compile` and `planOf` take it: each is lifted in the mirror, too. */
export const liftStep = (network: Network, people: number) => ({
  step: ({ poses }: { readonly poses: Tensor }) => ({ lifted: network(poses) }),
  inputs: { poses: [2 * people, INPUT_SIZE] } as const,
});

function compileLift(gpu: Gpu, network: Network, size: number, options: CompileOptions) {
  const { step, inputs } = liftStep(network, size);
  return compile(gpu, step, inputs, options);
}

/** The variants of kernels that a lifter of this network uses on this device. */
export const liftVariants = (gpu: Gpu, network: Network): Variants =>
  Object.assign(
    {},
    ...[1, LARGE].map((size) => {
      const { step, inputs } = liftStep(network, size);
      return planOf(gpu, step, inputs).variants;
    }),
  );
type LiftProgram = Awaited<ReturnType<typeof compileLift>>;

/** Lifts poses and their mirror images together. */
async function liftBoth(program: LiftProgram, rays: Float64Array) {
  const both = encode([...rays, ...mirrorPose(rays, 2)]);
  const { lifted } = await program.run({ poses: both.inputs }, { read: ['lifted'] });
  return joinMirrored(decode(lifted, both.rotations));
}
