/** Small data sets in memory, whose pictures are a few bytes that say their size. */

import { packDepth } from '../../../src/data/depth.ts';
import { INDEX_FORMAT, type ShardIo, sha256 } from '../../../src/data/shards/dataset.ts';
import {
  isTrainable,
  type PackedSample,
  takesOf,
  writeShard,
} from '../../../src/data/shards/shard.ts';

export const WIDTH = 6;
export const HEIGHT = 4;

/**
 * Sample `i`: every third has no depth, every second a pose, every fifth a camera that was given.
 */
export async function madeSample(i: number): Promise<PackedSample> {
  const metres = Float32Array.from({ length: WIDTH * HEIGHT }, (_, p) =>
    p % 5 === 0 ? 0 : Math.fround((1000 + 10 * i + p) / 1000),
  );
  return {
    name: `${i}.jpg`,
    width: WIDTH,
    height: HEIGHT,
    image: Uint8Array.of(WIDTH, HEIGHT, i & 255, i >> 8),
    ...(i % 3 && { depth: await packDepth({ width: WIDTH, height: HEIGHT, metres }) }),
    joints: Float32Array.from({ length: 34 }, (_, j) => (j < 2 ? Number.NaN : i + j / 4)),
    confidence: Float32Array.from({ length: 17 }, (_, j) => (j === 0 ? 0 : 1 - j / 32)),
    ...(i % 2 && { pose: Float32Array.from({ length: 51 }, (_, j) => i - j / 8) }),
    camera: {
      width: WIDTH,
      height: HEIGHT,
      fx: 5 + i,
      fy: 6,
      cx: 3.25,
      cy: 2,
      ...(i % 7 === 0 && { distortion: { k1: -0.2, k2: 0.1, k3: 0, p1: 0.001, p2: -0.002 } }),
    },
    cameraGiven: i % 5 === 0,
  };
}

type Change = (sample: PackedSample, i: number) => PackedSample;

/** Files of shards with so many samples each, which may be changed. */
export async function madeFiles(
  counts: readonly number[],
  change: Change = (sample) => sample,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const shards = [];
  let first = 0;
  for (const [number, count] of counts.entries()) {
    const start = first;
    const made = Array.from({ length: count }, (_, i) => madeSample(first + i));
    const samples = (await Promise.all(made)).map((sample, i) => change(sample, start + i));
    const bytes = writeShard(samples);
    const file = `shard-${number}.safetensors`;
    files.set(`data/${file}`, bytes);
    const trainable = takesOf(samples.filter(isTrainable));
    shards.push({ file, count, bytes: bytes.length, sha256: await sha256(bytes), trainable });
    first += count;
  }
  const index = { format: INDEX_FORMAT, count: first, shards };
  files.set('data/index.json', new TextEncoder().encode(JSON.stringify(index)));
  return files;
}

export function ioOf(files: ReadonlyMap<string, Uint8Array>): ShardIo & { read: string[] } {
  const read: string[] = [];
  return {
    read,
    async readFile(where) {
      read.push(where);
      const bytes = files.get(where);
      if (!bytes) throw new Error(`${where} was not read: there is no such file.`);
      return bytes;
    },
    async decodeImage([width = 0, height = 0, low = 0, high = 0]) {
      const rgba = new Uint8Array(4 * width * height).map((_, at) => [low, high, at, 255][at % 4]!);
      return { width, height, rgba };
    },
  };
}
