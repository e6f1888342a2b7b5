/** A folder of shards, or a URL that has them: samples by number. */

import type { Camera } from '../../pose/camera.ts';
import type { DepthMap } from '../../pose/view_picture.ts';
import { unpackDepth } from '../depth.ts';
import { type PackedSample, readShard, type Shard, type Take, type TakeCount } from './shard.ts';

export const INDEX_FORMAT = 'kinegrad shards 2';
export const INDEX_FILE = 'index.json';

/** One shard in the index. */
export interface ShardEntry {
  readonly file: string;
  readonly count: number;
  readonly bytes: number;
  /** SHA-256 of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** Samples that two-stage lifters can learn from, by who is seen by which camera. */
  readonly trainable: readonly TakeCount[];
}

/** What `index.json` holds. */
export interface ShardIndex {
  readonly format: typeof INDEX_FORMAT;
  readonly count: number;
  /** Samples that have a depth map, a 3D pose, and a camera that was given. */
  readonly withDepth: number;
  readonly withPose: number;
  readonly withCamera: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly shards: readonly ShardEntry[];
}

/** A sample as programs take it. */
export interface ImageSample {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** [height, width, 4], sRGB; nothing is transparent. */
  readonly rgba: Uint8Array;
  readonly depth: DepthMap | undefined;
  /** [17, 2] pixels, NaN where unknown. */
  readonly joints: Float32Array;
  /** [17], 0 to 1; 0 where the joint is unknown. */
  readonly confidence: Float32Array;
  /** [17, 3] metres, camera's frame, absolute. */
  readonly pose: Float32Array | undefined;
  readonly camera: Camera;
  readonly cameraGiven: boolean;
  readonly take?: Take | undefined;
}

/** What differs between Node and a page; `#platform` has both. */
export interface ShardIo {
  readFile(where: string): Promise<Uint8Array>;
  decodeImage(bytes: Uint8Array): Promise<{ width: number; height: number; rgba: Uint8Array }>;
}

/** Samples in shards: all that there are, or some. */
export interface ShardSamples {
  readonly count: number;
  /** Samples of each shard. */
  readonly counts: readonly number[];
  /** Tells this data from others: changes with any byte of any shard. */
  readonly fingerprint: string;
  /**
   * A sample by its number as it lies in its shard. @throws Error naming the file that is missing
   * or damaged
   */
  packed(i: number): Promise<PackedSample>;
  /** Decodes what `packed` gave. @throws Error naming a sample that is damaged */
  unpack(sample: PackedSample): Promise<ImageSample>;
  /** Reads a sample by its number. */
  sample(i: number): Promise<ImageSample>;
  /** Starts to load a shard, if it is not there. */
  load(shard: number): Promise<Shard>;
  /** Lets go of all shards but these. */
  keepOnly(shards: ReadonlySet<number>): void;
}

export interface ShardDataset extends ShardSamples {
  /** Their folder, or its URL. */
  readonly where: string;
  readonly index: ShardIndex;
}

const REPAIR = "Delete it and run 'kinegrad prepare' again: it makes only what is missing";

/**
 * Opens shards that `kinegrad prepare` made.
 * @param where their folder, or the URL of it
 * @param held shards that stay in memory when samples are read at random
 * @throws Error where there is no index, or one of another form
 */
export async function openShards(where: string, io: ShardIo, held = 2): Promise<ShardDataset> {
  const folder = where.replace(/\/+$/, '');
  const index = readIndex(`${folder}/${INDEX_FILE}`, await indexBytes(folder, io));
  const counts = index.shards.map(({ count }) => count);
  /** In the order of their last use. */
  const loaded = new Map<number, Promise<Shard>>();
  let pinned: ReadonlySet<number> | undefined;
  const load = (number: number): Promise<Shard> => {
    const found = loaded.get(number) ?? loadShard(folder, index.shards[number]!, io);
    loaded.delete(number);
    loaded.set(number, found);
    found.catch(() => loaded.delete(number));
    if (!pinned)
      for (const old of [...loaded.keys()].slice(0, Math.max(0, loaded.size - held)))
        loaded.delete(old);
    return found;
  };
  const place = placeOf(counts);
  const unpack = (sample: PackedSample) => decoded(sample, folder, io);
  const packed = async (i: number) => {
    const { shard, within } = place(i);
    return (await load(shard)).sample(within);
  };
  return {
    where: folder,
    index,
    counts,
    count: counts.reduce((sum, count) => sum + count, 0),
    fingerprint: await sha256(
      new TextEncoder().encode(index.shards.map(({ sha256 }) => sha256).join()),
    ),
    load,
    packed,
    unpack,
    sample: async (i) => unpack(await packed(i)),
    keepOnly(shards) {
      pinned = shards;
      for (const number of loaded.keys()) if (!shards.has(number)) loaded.delete(number);
    },
  };
}

/** Where a sample is, by its number among those of all shards. */
export function placeOf(counts: readonly number[]) {
  let count = 0;
  const starts = counts.map((own) => (count += own) - own);
  return (i: number): { shard: number; within: number } => {
    if (!(Number.isInteger(i) && i >= 0 && i < count))
      throw new Error(`shards: there is no sample ${i}, there are ${count}.`);
    const shard = starts.findLastIndex((start) => start <= i);
    return { shard, within: i - starts[shard]! };
  };
}

async function decoded(packed: PackedSample, folder: string, io: ShardIo): Promise<ImageSample> {
  const { name, width, height, image, depth, pose, ...rest } = packed;
  try {
    const [picture, map] = await Promise.all([
      io.decodeImage(image),
      depth && unpackDepth(depth, width, height),
    ]);
    if (picture.width !== width || picture.height !== height)
      throw new Error(`its picture has ${picture.width} x ${picture.height} pixels`);
    return { name, width, height, rgba: picture.rgba, depth: map, pose, ...rest };
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, '');
    throw new Error(
      `${folder}: the sample '${name}' cannot be read: ${reason}. Delete its shard and run 'kinegrad prepare' again: it makes only what is missing.`,
      { cause: error },
    );
  }
}

async function indexBytes(folder: string, io: ShardIo): Promise<Uint8Array> {
  try {
    return await io.readFile(`${folder}/${INDEX_FILE}`);
  } catch (error) {
    throw new Error(
      `${folder} holds no finished shards: ${(error as Error).message} Make them by 'kinegrad prepare --out ${folder}', or run it again where it was stopped.`,
      { cause: error },
    );
  }
}

function readIndex(path: string, bytes: Uint8Array): ShardIndex {
  let index: Partial<ShardIndex> | null = null;
  try {
    index = JSON.parse(new TextDecoder().decode(bytes));
  } catch {}
  const whole =
    index?.format === INDEX_FORMAT &&
    Array.isArray(index.shards) &&
    index.shards.every(
      ({ file, count, bytes, sha256, trainable }) =>
        typeof file === 'string' && count > 0 && bytes > 0 && sha256 && Array.isArray(trainable),
    );
  if (!whole)
    throw new Error(
      `${path} is no index of shards: its format is '${index?.format ?? 'none'}', not '${INDEX_FORMAT}'. Run 'kinegrad prepare' again.`,
    );
  return index as ShardIndex;
}

async function loadShard(folder: string, entry: ShardEntry, io: ShardIo): Promise<Shard> {
  const path = `${folder}/${entry.file}`;
  let bytes: Uint8Array;
  try {
    bytes = await io.readFile(path);
  } catch (error) {
    throw new Error(
      `${path}, one of the shards, is missing: ${(error as Error).message} Run 'kinegrad prepare' again: it makes only what is missing.`,
      { cause: error },
    );
  }
  if (bytes.length !== entry.bytes)
    throw new Error(
      `${path} has ${bytes.length} bytes where the index says ${entry.bytes}: it was cut off or replaced. ${REPAIR}.`,
    );
  const found = await sha256(bytes);
  if (found !== entry.sha256)
    throw new Error(
      `${path} is damaged: its SHA-256 begins with ${found.slice(0, 12)}, the index says ${entry.sha256.slice(0, 12)}. ${REPAIR}.`,
    );
  try {
    return readShard(bytes);
  } catch (error) {
    throw new Error(`${path} is no shard: ${(error as Error).message}. ${REPAIR}.`, {
      cause: error,
    });
  }
}

/** In hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
