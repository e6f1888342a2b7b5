/**
 * Human3.6M as VideoPose3D prepares it: `data_3d_h36m.npz` has `positions_3d`, a dictionary of
 * subjects of actions of arrays [frames, 32, 3] in metres, in a world with z up; `data_2d_h36m_*.npz`
 * has `positions_2d`, subjects of actions of lists of arrays [frames, 17, 2] in pixels, one a camera,
 * and `metadata` with the layout. The cameras are in neither.
 */

import { readNpz } from '../../formats/npy.ts';
import { isNumpyArray, type NumpyArray } from '../../formats/numpy.ts';
import { pixelsToRays, project, worldToCamera } from '../../pose/camera.ts';
import { convertPose } from '../../pose/convert.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';
import type { Benchmark } from '../benchmark.ts';
import { type Clip, checkedMotion, type Motion } from '../motion.ts';
import type { Human36mCameras, PlacedCamera } from './cameras.ts';
import { FPS, fromHuman36m32, type Human36mSplit, partOf, RAW_JOINTS } from './joints.ts';

/** By subject and action. */
type Takes<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

/** [frames, 17, 3] metres, world with z up. */
export type Human36mPoses = Takes<Float64Array>;

export interface Human36mPixels {
  /** For each camera [frames, 17, 2] pixels, Human3.6M's joints. */
  readonly views: Takes<readonly Float64Array[]>;
}

/** Reads `data_3d_h36m.npz`. @throws Error for another file, naming what is amiss */
export async function readHuman36mPoses(bytes: Uint8Array): Promise<Human36mPoses> {
  const file = await readNpz(bytes).get('positions_3d');
  return takes(file, (value, name) => {
    const { shape, data } = arrayOf(value, name);
    const [frames, joints, size] = shape;
    if (shape.length !== 3 || size !== 3 || (joints !== RAW_JOINTS && joints !== JOINT_COUNT))
      throw new Error(
        `human3.6m: ${name} has the shape [${shape.join(', ')}]; it must be [frames, 32, 3] or [frames, 17, 3].`,
      );
    if (frames === 0) throw new Error(`human3.6m: ${name} has no frames.`);
    return joints === RAW_JOINTS ? fromHuman36m32(data) : Float64Array.from(data);
  });
}

/** Reads `data_2d_h36m_*.npz`, also with joints in COCO's order. */
export async function readHuman36mPixels(bytes: Uint8Array): Promise<Human36mPixels> {
  const file = readNpz(bytes);
  const metadata = await file.get('metadata');
  const layout = metadata instanceof Map ? `${metadata.get('layout_name') ?? 'h36m'}` : 'h36m';
  const views = takes(await file.get('positions_2d'), (value, name) => {
    if (!Array.isArray(value)) throw new Error(`human3.6m: ${name} is no list of views.`);
    return value.map((view, camera) =>
      pixelsOf(arrayOf(view, `${name}, camera ${camera}`), layout),
    );
  });
  return { views };
}

function pixelsOf({ shape, data }: NumpyArray, layout: string): Float64Array {
  const [, joints, size] = shape;
  if (shape.length !== 3 || joints !== JOINT_COUNT || size !== 2)
    throw new Error(
      `human3.6m: a view has the shape [${shape.join(', ')}]; it must be [frames, 17, 2].`,
    );
  if (layout === 'h36m') return Float64Array.from(data);
  if (layout !== 'coco')
    throw new Error(`human3.6m: the layout '${layout}' is not known; known are h36m and coco.`);
  const stride = JOINT_COUNT * 2;
  const pixels = new Float64Array(data.length);
  for (let at = 0; at < data.length; at += stride)
    pixels.set(convertPose('coco17', 'h36m17', data.subarray(at, at + stride), 2).points, at);
  return pixels;
}

function takes<T>(file: unknown, read: (value: unknown, name: string) => T): Takes<T> {
  if (!(file instanceof Map)) throw new Error('human3.6m: the file holds no subjects.');
  return new Map(
    [...file].map(([subject, actions]) => {
      if (!(actions instanceof Map)) throw new Error(`human3.6m: ${subject} has no actions.`);
      const some = [...actions].map(
        ([action, value]) => [`${action}`, read(value, `${subject}, ${action}`)] as const,
      );
      return [`${subject}`, new Map(some)];
    }),
  );
}

function arrayOf(value: unknown, name: string): NumpyArray {
  if (isNumpyArray(value)) return value;
  throw new Error(`human3.6m: ${name} is no array.`);
}

/** Every second frame is kept: 25 a second, as other motion capture is thinned to about 30. */
const THINNED = 2;

/** The poses as motion to train on, in a world with y up; subjects outside the split are left out. */
export function human36mMotion(poses: Human36mPoses, split: Human36mSplit): Motion {
  const clips: Clip[] = [];
  const parts: Float64Array[] = [];
  const stride = JOINT_COUNT * 3;
  let start = 0;
  for (const [subject, actions] of poses) {
    const part = partOf(split, subject);
    if (!part) continue;
    for (const [name, all] of actions) {
      const count = Math.ceil(all.length / stride / THINNED);
      const action = name.replace(/ \d+$/, '');
      clips.push({ name: `${subject} ${name}`, subject, action, start, count, split: part });
      parts.push(all);
      start += count;
    }
  }
  if (start === 0)
    throw new Error(
      `human3.6m: the file has the subjects ${[...poses.keys()].join(', ')}, and none of the split's.`,
    );
  const turned = new Float32Array(start * stride);
  parts.forEach((all, i) => {
    const { start, count } = clips[i]!;
    for (let frame = 0; frame < count; frame++)
      for (let at = 0; at < stride; at += 3) {
        const from = frame * THINNED * stride + at;
        const to = (start + frame) * stride + at;
        turned[to] = all[from]!;
        turned[to + 1] = all[from + 2]!;
        turned[to + 2] = -all[from + 1]!;
      }
  });
  return checkedMotion({ poses: turned, count: start, fps: FPS / THINNED, clips });
}

export interface Human36mViews {
  readonly poses: Human36mPoses;
  readonly pixels: Human36mPixels;
  readonly cameras: Human36mCameras;
  readonly split: Human36mSplit;
  readonly part: 'train' | 'test';
  /** Every n-th frame is taken, 1 by default. */
  readonly every?: number;
}

/** Median distance in pixels beyond which a projection cannot be that of the 2D joints. */
const FAR = 60;

/**
 * The views of a part of a split: 2D joints as rays and 3D poses in the cameras' frames. Where a video
 * has more frames than the motion capture, these are left out.
 * @throws Error where a take lacks its other half or its cameras, and where the cameras do not show
 *   the poses where the 2D joints are
 */
export function human36mViews({
  poses,
  pixels,
  cameras,
  split,
  part,
  every = 1,
}: Human36mViews): Benchmark {
  const rays: Float64Array[] = [];
  const points: Float64Array[] = [];
  for (const subject of split[part])
    for (const [action, world] of poses.get(subject) ?? []) {
      const views = pixels.views.get(subject)?.get(action);
      const placed = cameras.get(subject);
      const name = `${subject}, ${action}`;
      if (!views)
        throw new Error(
          `human3.6m: the 2D file lacks ${name}. Give the one that goes with the 3D file.`,
        );
      if (!placed || placed.length < views.length)
        throw new Error(
          `human3.6m: ${name} has ${views.length} views, the cameras file has ${placed?.length ?? 0} cameras for ${subject}.`,
        );
      views.forEach((view, i) => {
        if (split.camera !== undefined && split.camera !== i) return;
        const taken = takeView(world, view, placed[i]!, every, `${name}, camera ${i + 1}`);
        rays.push(taken.rays);
        points.push(taken.points);
      });
    }
  const pose3d = joined(points);
  const count = pose3d.length / (JOINT_COUNT * 3);
  if (count === 0)
    throw new Error(
      `human3.6m: the file has none of the subjects ${split[part].join(', ')}, only ${[...poses.keys()].join(', ')}.`,
    );
  const pose2d = joined(rays);
  return { count, pose2d, pose3d, metadata: { units: 'metres', subjects: split[part].join(', ') } };
}

function takeView(
  world: Float64Array,
  view: Float64Array,
  { camera, extrinsics }: PlacedCamera,
  every: number,
  name: string,
): { rays: Float64Array; points: Float64Array } {
  const frames = Math.min(world.length / 3, view.length / 2) / JOINT_COUNT;
  const [flat, solid] = [JOINT_COUNT * 2, JOINT_COUNT * 3];
  const count = Math.ceil(frames / every);
  const taken2d = new Float64Array(count * flat);
  const taken3d = new Float64Array(count * solid);
  for (let i = 0; i < count; i++) {
    taken2d.set(view.subarray(i * every * flat, (i * every + 1) * flat), i * flat);
    taken3d.set(world.subarray(i * every * solid, (i * every + 1) * solid), i * solid);
  }
  const points = worldToCamera(extrinsics, taken3d);
  const apart = distances(taken2d, points, camera);
  if (!(apart <= FAR))
    throw new Error(
      `human3.6m: ${name}: the camera shows the poses ${Number.isFinite(apart) ? `${apart.toFixed(0)} pixels from the 2D joints` : 'behind it'}. Are its rotation (camera to world or back) and its place (millimetres) as documented, and the cameras in the order of the 2D file?`,
    );
  return { rays: pixelsToRays(camera, taken2d), points };
}

/** The median distance of the projected joints from the 2D joints. */
function distances(
  pixels: Float64Array,
  points: Float64Array,
  camera: PlacedCamera['camera'],
): number {
  try {
    const seen = project(camera, points);
    const all = Array.from({ length: seen.length / 2 }, (_, j) =>
      Math.hypot(seen[2 * j]! - pixels[2 * j]!, seen[2 * j + 1]! - pixels[2 * j + 1]!),
    ).sort((a, b) => a - b);
    return all[all.length >> 1] ?? 0;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function joined(parts: readonly Float64Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
