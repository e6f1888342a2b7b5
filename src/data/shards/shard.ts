/**
 * A shard: samples in one safetensors file, each with all that belongs to it.
 *
 *     image_bytes  u8   the JPEG files, one after the other     image_ends  u32 [n]  where each
 * ends
 *     depth_bytes  u8   the packed depth maps, likewise         depth_ends  u32 [n]  (`packDepth`)
 *     size         u32  [n, 2] width and height of image and depth
 *     joints       f32  [n, 17, 2] pixels, NaN where unknown    confidence  f32 [n, 17]
 *     pose         f32  [n, 17, 3] metres in the camera's frame, NaN where there is none
 *     camera       f64  [n, 9] fx, fy, cx, cy, k1, k2, k3, p1, p2
 *     given        u8   [n] whether the camera was given, rather than assumed
 *
 * The metadata hold the format, and as JSON the samples' names and, where it is known, who is seen
 * by which camera. Pictures are JPEG of quality 95 without subsampled colours: an eighth of the
 * bytes that raw pixels take, decoded in 3 ms at 512 x 342 and by every browser, with an error of
 * 1.3 levels; PNG of the same picture takes four times the bytes.
 */

import {
  readSafetensors,
  type StoredTensor,
  tensorNamed,
  writeSafetensors,
} from '../../formats/safetensors.ts';
import type { Camera } from '../../pose/camera.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';

export const SHARD_FORMAT = 'kinegrad shard 2';

/** Who is seen in a sample, and by which of several cameras: what named splits go by. */
export interface Take {
  /** `S1`, say. */
  readonly subject: string;
  /** From 0. */
  readonly camera: number;
}

/** Samples of one take, or of none that is known. */
export interface TakeCount {
  readonly take?: Take | undefined;
  readonly count: number;
}

/** A sample with its picture and depth map packed. */
export interface PackedSample {
  /** The image's path in the folder that it came from. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** A JPEG file. */
  readonly image: Uint8Array;
  /** What `packDepth` gave. */
  readonly depth?: Uint8Array | undefined;
  /** [17, 2] pixels, NaN where unknown. */
  readonly joints: Float32Array;
  /** [17], 0 to 1. */
  readonly confidence: Float32Array;
  /** [17, 3] metres, camera's frame. */
  readonly pose?: Float32Array | undefined;
  readonly camera: Camera;
  /** Whether the camera was given; false where a usual field of view stands for it. */
  readonly cameraGiven: boolean;
  readonly take?: Take | undefined;
}

/**
 * Whether two-stage lifters can learn from a sample, or be measured on it: every joint is known, in
 * the picture and in space.
 */
export const isTrainable = ({ joints, pose }: Pick<PackedSample, 'joints' | 'pose'>): boolean =>
  pose !== undefined && joints.every(Number.isFinite) && pose.every(Number.isFinite);

/** How many samples are of each take. */
export function takesOf(samples: readonly Pick<PackedSample, 'take'>[]): TakeCount[] {
  const counts = new Map<string, number>();
  for (const { take } of samples) {
    const key = JSON.stringify({ take });
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => ({ ...JSON.parse(key), count }));
}

const CAMERA = ['fx', 'fy', 'cx', 'cy'] as const;
const LENS = ['k1', 'k2', 'k3', 'p1', 'p2'] as const;
const CAMERA_SIZE = CAMERA.length + LENS.length;

/** The bytes of a shard; the same samples give the same bytes. */
export function writeShard(samples: readonly PackedSample[]): Uint8Array {
  const n = samples.length;
  const joints = new Float32Array(n * JOINT_COUNT * 2);
  const confidence = new Float32Array(n * JOINT_COUNT);
  const pose = new Float32Array(n * JOINT_COUNT * 3).fill(Number.NaN);
  const camera = new Float64Array(n * CAMERA_SIZE);
  samples.forEach((sample, i) => {
    joints.set(sample.joints, i * JOINT_COUNT * 2);
    confidence.set(sample.confidence, i * JOINT_COUNT);
    if (sample.pose) pose.set(sample.pose, i * JOINT_COUNT * 3);
    const { distortion } = sample.camera;
    const numbers = [
      ...CAMERA.map((k) => sample.camera[k]),
      ...LENS.map((k) => distortion?.[k] ?? 0),
    ];
    camera.set(numbers, i * CAMERA_SIZE);
  });
  const given = Uint8Array.from(samples, ({ cameraGiven }) => Number(cameraGiven));
  const size = Uint32Array.from(samples.flatMap(({ width, height }) => [width, height]));
  return writeSafetensors(
    [
      ...packed(
        'image',
        samples.map(({ image }) => image),
      ),
      ...packed(
        'depth',
        samples.map(({ depth }) => depth ?? new Uint8Array()),
      ),
      ['size', { dtype: 'U32', shape: [n, 2], data: size }],
      ['joints', { dtype: 'F32', shape: [n, JOINT_COUNT, 2], data: joints }],
      ['confidence', { dtype: 'F32', shape: [n, JOINT_COUNT], data: confidence }],
      ['pose', { dtype: 'F32', shape: [n, JOINT_COUNT, 3], data: pose }],
      ['camera', { dtype: 'F64', shape: [n, CAMERA_SIZE], data: camera }],
      ['given', { dtype: 'U8', shape: [n], data: given }],
    ],
    {
      format: SHARD_FORMAT,
      names: JSON.stringify(samples.map(({ name }) => name)),
      takes: JSON.stringify(samples.map(({ take = null }) => take)),
    },
  );
}

function packed(name: string, parts: readonly Uint8Array[]): [string, StoredTensor][] {
  const ends = new Uint32Array(parts.length);
  let length = 0;
  parts.forEach((part, i) => (ends[i] = length += part.length));
  if (length >= 2 ** 32)
    throw new Error(
      `shard: the ${parts.length} ${name}s take ${length} bytes, more than a shard can hold. Use a smaller --size or --shard-size`,
    );
  const bytes = new Uint8Array(length);
  parts.forEach((part, i) => bytes.set(part, ends[i]! - part.length));
  return [
    [`${name}_bytes`, { dtype: 'U8', shape: [length], data: bytes }],
    [`${name}_ends`, { dtype: 'U32', shape: [parts.length], data: ends }],
  ];
}

/** The samples of a shard by number; their bytes are views of the shard's. */
export interface Shard {
  readonly count: number;
  sample(i: number): PackedSample;
}

/** @throws Error for bytes that are no shard */
export function readShard(bytes: Uint8Array): Shard {
  const file = readSafetensors(bytes);
  const { format, names, takes } = file.metadata;
  if (format !== SHARD_FORMAT || !names || !takes)
    throw new Error(`this file says format '${format ?? 'none'}', not '${SHARD_FORMAT}'`);
  const nameOf = JSON.parse(names) as string[];
  const takeOf = JSON.parse(takes) as (Take | null)[];
  const count = nameOf.length;
  const get = <T>(name: string, ...shape: number[]): T => {
    const tensor = tensorNamed(file, name);
    if (shape.length > 0 && tensor.shape.join() !== [count, ...shape.slice(1)].join())
      throw new Error(`${name} has the shape [${tensor.shape.join(', ')}], for ${count} samples`);
    return tensor.data as unknown as T;
  };
  const size = get<Uint32Array>('size', count, 2);
  const joints = get<Float32Array>('joints', count, JOINT_COUNT, 2);
  const confidence = get<Float32Array>('confidence', count, JOINT_COUNT);
  const poses = get<Float32Array>('pose', count, JOINT_COUNT, 3);
  const cameras = get<Float64Array>('camera', count, CAMERA_SIZE);
  const given = get<Uint8Array>('given', count);
  const part = (name: string) => {
    const held = get<Uint8Array>(`${name}_bytes`);
    const ends = get<Uint32Array>(`${name}_ends`, count);
    return (i: number) => held.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!);
  };
  const [image, depth] = [part('image'), part('depth')];
  const row = <T extends Float32Array | Float64Array>(all: T, width: number, i: number) =>
    all.slice(i * width, (i + 1) * width) as T;
  return {
    count,
    sample(i) {
      const [width, height] = [size[2 * i]!, size[2 * i + 1]!];
      const [fx, fy, cx, cy, k1, k2, k3, p1, p2] = row(cameras, CAMERA_SIZE, i) as unknown as [
        ...(readonly [number, number, number, number, number, number, number, number, number]),
      ];
      const lens = { k1, k2, k3, p1, p2 };
      const straight = Object.values(lens).every((k) => k === 0);
      const pose = row(poses, JOINT_COUNT * 3, i);
      const map = depth(i);
      const take = takeOf[i];
      return {
        name: nameOf[i]!,
        width,
        height,
        image: image(i),
        ...(map.length > 0 && { depth: map }),
        joints: row(joints, JOINT_COUNT * 2, i),
        confidence: row(confidence, JOINT_COUNT, i),
        ...(!Number.isNaN(pose[0]!) && { pose }),
        camera: { width, height, fx, fy, cx, cy, ...(!straight && { distortion: lens }) },
        cameraGiven: given[i] === 1,
        ...(take && { take }),
      };
    },
  };
}
