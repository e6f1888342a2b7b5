import { JOINT, JOINT_COUNT, MIRROR, mirrorPose, PARENTS } from '../pose/skeleton.ts';
import { CAMERAS, type CameraPreset, viewRotation } from './cameras.ts';
import { permute } from './permutation.ts';
import { type Random, randomAt } from './random.ts';

/** Poses by number, each the same whenever it is asked for. */
export interface PoseSource {
  /** Poses in an epoch. */
  readonly count: number;
  /** Writes a pose [17 * 3] in metres, y up, anywhere in the world. */
  copyPose(index: number, pose: Float64Array): void;
}

/** People by number as a camera has seen them and a detector has found them, always the same. */
export interface SeenSource {
  /** People in an epoch. */
  readonly count: number;
  /** Writes joints [17 * 2] on the plane at depth 1, and the pose [17 * 3] in metres, camera frame. */
  copySeen(index: number, joints: Float64Array, pose: Float64Array): void;
}

/** All that batches depend on. */
export interface BatchPlan {
  /** Of people who are seen already only `mirror` is heeded. */
  readonly source: PoseSource | SeenSource;
  readonly size: number;
  readonly seed: number;
  readonly cameras: CameraPreset;
  /** Half of the people are seen in the mirror. */
  readonly mirror?: boolean;
  /**
   * Relative deviation, log-normal, of the size of the whole body and, again, of each segment, left
   * and right alike; 0.04 is about what people vary by. Against data that is retargeted to a single
   * skeleton.
   */
  readonly bodyVariation?: number;
  /**
   * Largest deviation of the 2D joints, as a share of the longer side of the person's box; wrists
   * and ankles 1.6 times as much. That of a person is uniform below it. Detectors have about 0.012.
   */
  readonly noise?: number;
  /**
   * Share of the people whose body is varied, and of those whose joints are noisy; all by default.
   */
  readonly augmented?: number;
}

export interface Batch {
  /** [size, 17, 2] on the plane at depth 1, y down. */
  readonly pose2d: Float32Array;
  /** [size, 17, 3] metres, camera frame, absolute. */
  readonly pose3d: Float32Array;
}

/**
 * Streams of random numbers, apart from those of other parts of the program that share the seed.
 */
const ORDER = 0x6f726472;
const SAMPLE = 0x73616d70;

/** No joint comes nearer to the camera than this, in metres. */
const NEAREST = 0.3;

/** Which length stretches the bone that ends in each joint; left and right share theirs. */
const SEGMENTS = [0, 0, 1, 2, 0, 1, 2, 3, 3, 4, 4, 5, 6, 7, 5, 6, 7];
const SEGMENT_COUNT = Math.max(...SEGMENTS) + 1;

const SHAKY = new Set([JOINT.leftWrist, JOINT.rightWrist, JOINT.leftAnkle, JOINT.rightAnkle]);

/**
 * The batch of a step: a pure function of the plan and the step, so that a resumed run draws what
 * an uninterrupted one would. Every epoch visits every pose once, in its own order and each through
 * its own new camera, which depend on the seed, the epoch and the pose but not on the size of the
 * batches.
 */
export function drawBatch(plan: BatchPlan, step: number): Batch {
  return drawPart(plan, step, 0, plan.size);
}

/** Some people of the batch of a step: `count` of them from `first` on. */
export function drawPart(plan: BatchPlan, step: number, first: number, count: number): Batch {
  const { source, size, seed } = plan;
  if (!(Number.isInteger(size) && size > 0 && Number.isInteger(step) && step >= 0))
    throw new Error(`batches: size ${size} and step ${step} must be whole numbers, size above 0.`);
  const pose2d = new Float32Array(count * JOINT_COUNT * 2);
  const pose3d = new Float32Array(count * JOINT_COUNT * 3);
  const pose = new Float64Array(JOINT_COUNT * 3);
  const rays = new Float64Array(JOINT_COUNT * 2);
  // the pelvis stays at its origin
  const work = new Float64Array(JOINT_COUNT * 3);
  let epoch = -1;
  let order: [number, number] = [0, 0];
  for (let i = 0; i < count; i++) {
    const visit = step * size + first + i;
    if (Math.floor(visit / source.count) !== epoch) {
      epoch = Math.floor(visit / source.count);
      const random = randomAt(seed, ORDER, epoch);
      order = [random.bits(), random.bits()];
    }
    const index = permute(visit % source.count, source.count, order);
    const random = randomAt(seed, SAMPLE, epoch, index);
    if ('copySeen' in source) {
      source.copySeen(index, rays, pose);
      const mirrored = plan.mirror === true && random.chance(0.5);
      pose2d.set(mirrored ? mirrorPose(rays, 2) : rays, i * rays.length);
      pose3d.set(mirrored ? mirrorPose(pose, 3) : pose, i * pose.length);
      continue;
    }
    source.copyPose(index, pose);
    drawSample(plan, random, pose, work);
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const z = pose[3 * joint + 2]!;
      const at = i * JOINT_COUNT + joint;
      pose2d[2 * at] = pose[3 * joint]! / z;
      pose2d[2 * at + 1] = pose[3 * joint + 1]! / z;
    }
    pose3d.set(pose, i * pose.length);
    if (plan.noise && random.chance(plan.augmented ?? 1))
      shake(pose2d, i * JOINT_COUNT * 2, random.uniform(0, plan.noise), random);
  }
  return { pose2d, pose3d };
}

/**
 * Turns a pose of the world into the camera frame of a new view. The view is drawn first, whatever
 * the options are.
 */
function drawSample(plan: BatchPlan, random: Random, pose: Float64Array, work: Float64Array) {
  const view = CAMERAS[plan.cameras](random);
  const mirrored = random.chance(0.5) && plan.mirror === true;
  const varied = plan.bodyVariation && random.chance(plan.augmented ?? 1);
  const lengths = varied ? drawLengths(plan.bodyVariation!, random) : undefined;
  // relative to the pelvis; a bone that is stretched takes along what hangs from it
  for (let joint = 1; joint < JOINT_COUNT; joint++) {
    const parent = PARENTS[joint]!;
    const factor = lengths ? lengths[SEGMENTS[joint]!]! : 1;
    for (let axis = 0; axis < 3; axis++) {
      const bone = pose[3 * joint + axis]! - pose[3 * parent + axis]!;
      work[3 * joint + axis] = work[3 * parent + axis]! + factor * bone;
    }
  }
  const rotation = viewRotation(view);
  const [tx, ty, tz] = view.pelvis;
  const sign = mirrored ? -1 : 1;
  let nearest = Number.POSITIVE_INFINITY;
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const from = 3 * (mirrored ? MIRROR[joint]! : joint);
    const [x, y, z] = [sign * work[from]!, work[from + 1]!, work[from + 2]!];
    pose[3 * joint] = rotation[0] * x + rotation[1] * y + rotation[2] * z + tx;
    pose[3 * joint + 1] = rotation[3] * x + rotation[4] * y + rotation[5] * z + ty;
    pose[3 * joint + 2] = rotation[6] * x + rotation[7] * y + rotation[8] * z + tz;
    nearest = Math.min(nearest, pose[3 * joint + 2]!);
  }
  if (nearest < NEAREST)
    for (let joint = 0; joint < JOINT_COUNT; joint++) pose[3 * joint + 2]! += NEAREST - nearest;
}

function drawLengths(deviation: number, random: Random): Float64Array {
  const size = random.normal(0, deviation);
  return Float64Array.from({ length: SEGMENT_COUNT }, () =>
    Math.exp(size + random.normal(0, deviation)),
  );
}

/** Adds noise to the 2D joints of one person. */
function shake(pose2d: Float32Array, start: number, noise: number, random: Random): void {
  let box = 0;
  for (let axis = 0; axis < 2; axis++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let joint = 0; joint < JOINT_COUNT; joint++) {
      const value = pose2d[start + 2 * joint + axis]!;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    box = Math.max(box, high - low);
  }
  for (let joint = 0; joint < JOINT_COUNT; joint++)
    for (let axis = 0; axis < 2; axis++)
      pose2d[start + 2 * joint + axis]! += random.normal(
        0,
        noise * box * (SHAKY.has(joint) ? 1.6 : 1),
      );
}
