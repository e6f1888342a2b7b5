/** Shards on disk: which are there, which are to be made, and the index of all. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles, removeFile, writeFileAtomic } from '#platform';
import { INDEX_FILE, INDEX_FORMAT, type ShardIndex } from '../../data/shards/dataset.ts';
import {
  isTrainable,
  type PackedSample,
  SHARD_FORMAT,
  type TakeCount,
  takesOf,
  writeShard,
} from '../../data/shards/shard.ts';
import type { PrepareItem, SampleOptions } from './sample.ts';

/** One shard that is to be. */
export interface Job {
  readonly number: number;
  readonly items: readonly PrepareItem[];
  /** Of everything that decides its contents. */
  readonly hash: string;
}

/** An image that is not among the samples. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** What is written beside a shard when it is whole. */
export interface ShardRecord {
  readonly hash: string;
  readonly options: SampleOptions;
  readonly count: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly withDepth: number;
  readonly withPose: number;
  readonly withCamera: number;
  readonly trainable: readonly TakeCount[];
  readonly broken: readonly LeftOut[];
}

const stem = (number: number) => `shard-${`${number}`.padStart(5, '0')}`;
export const shardFile = (number: number) => `${stem(number)}.safetensors`;
const recordFile = (number: number) => `${stem(number)}.json`;

/** The list of the images that are not among the samples. */
export const LEFT_OUT_FILE = 'left_out.json';

export function jobsOf(
  items: readonly PrepareItem[],
  perShard: number,
  options: SampleOptions,
): Job[] {
  return Array.from({ length: Math.ceil(items.length / perShard) }, (_, number) => {
    const own = items.slice(number * perShard, (number + 1) * perShard);
    // paths of the machine do not count, the files' stamps do
    const decisive = own.map(({ name, person, pose, camera, take, stamp }) => [
      name,
      person.skeleton,
      [...person.pixels],
      [...person.confidence],
      [person.width, person.height, person.normalised],
      pose && [...pose],
      camera,
      take,
      stamp,
    ]);
    const text = JSON.stringify([SHARD_FORMAT, options, decisive]);
    return { number, items: own, hash: createHash('sha256').update(text).digest('hex') };
  });
}

/** The records of the shards that are in a folder, by number. */
export async function recordsIn(folder: string): Promise<Map<number, ShardRecord>> {
  const records = new Map<number, ShardRecord>();
  for (const name of await listFiles(folder)) {
    const number = /^shard-(\d{5,})\.json$/.exec(name)?.[1];
    if (number === undefined) continue;
    try {
      records.set(Number(number), JSON.parse(await readFile(join(folder, name), 'utf8')));
    } catch {
      // what cannot be read is made again
    }
  }
  return records;
}

/** Whether a shard is there as the job would make it. */
export async function isUpToDate(
  folder: string,
  job: Job,
  record: ShardRecord | undefined,
): Promise<boolean> {
  if (record?.hash !== job.hash) return false;
  if (record.count === 0) return true;
  const found = await stat(join(folder, shardFile(job.number))).catch(() => undefined);
  return found?.size === record.bytes;
}

/** Writes a shard, then its record: a kill between the two costs the work, and nothing else. */
export async function saveShard(
  folder: string,
  { number, hash }: Pick<Job, 'number' | 'hash'>,
  options: SampleOptions,
  samples: readonly PackedSample[],
  broken: readonly LeftOut[],
): Promise<ShardRecord> {
  const bytes = samples.length > 0 ? writeShard(samples) : new Uint8Array();
  if (samples.length > 0) await writeFileAtomic(join(folder, shardFile(number)), bytes);
  const count = (has: (sample: PackedSample) => unknown) => samples.filter(has).length;
  const record: ShardRecord = {
    hash,
    options,
    count: samples.length,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    withDepth: count(({ depth }) => depth),
    withPose: count(({ pose }) => pose),
    withCamera: count(({ cameraGiven }) => cameraGiven),
    trainable: takesOf(samples.filter(isTrainable)),
    broken,
  };
  await writeFileAtomic(join(folder, recordFile(number)), `${JSON.stringify(record)}\n`);
  return record;
}

/** Readers must not take what is half made for whole. */
export const removeIndex = (folder: string): Promise<void> => removeFile(join(folder, INDEX_FILE));

/** Removes shards that are left from an earlier, longer run, and writes index and list. */
export async function finish(
  folder: string,
  records: readonly ShardRecord[],
  options: SampleOptions,
  leftOut: readonly LeftOut[],
): Promise<ShardIndex> {
  for (const name of await listFiles(folder)) {
    const number = /^shard-(\d{5,})\.(json|safetensors)$/.exec(name)?.[1];
    const stale =
      number !== undefined &&
      (Number(number) >= records.length ||
        (name === shardFile(Number(number)) && records[Number(number)]!.count === 0));
    if (stale) await removeFile(join(folder, name));
  }
  const sum = (key: 'count' | 'withDepth' | 'withPose' | 'withCamera') =>
    records.reduce((total, record) => total + record[key], 0);
  const index: ShardIndex = {
    format: INDEX_FORMAT,
    count: sum('count'),
    withDepth: sum('withDepth'),
    withPose: sum('withPose'),
    withCamera: sum('withCamera'),
    options: { ...options },
    shards: records.flatMap(({ count, bytes, sha256, trainable }, number) =>
      count > 0 ? [{ file: shardFile(number), count, bytes, sha256, trainable }] : [],
    ),
  };
  await writeIfOther(join(folder, LEFT_OUT_FILE), `${JSON.stringify(leftOut, null, 1)}\n`);
  await writeIfOther(join(folder, INDEX_FILE), `${JSON.stringify(index, null, 1)}\n`);
  return index;
}

async function writeIfOther(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== text)
    await writeFileAtomic(path, text);
}
