/** `kinegrad prepare`: images with joints, depth maps, poses and cameras become shards to train on. */

import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { splitNamed } from '../../data/human36m/joints.ts';
import { INDEX_FILE, type ShardIndex } from '../../data/shards/dataset.ts';
import { bytes } from '../../gpu/faults.ts';
import { type Progress, progressBar } from '../progress.ts';
import { type Found, findInputs, type Inputs } from './inputs.ts';
import { JOINT_ORDERS } from './orders.ts';
import { runJobs } from './pool.ts';
import type { SampleOptions } from './sample.ts';
import {
  finish,
  isUpToDate,
  type Job,
  jobsOf,
  LEFT_OUT_FILE,
  type LeftOut,
  recordsIn,
  removeIndex,
  type ShardRecord,
} from './shards.ts';

export interface PrepareFlags {
  images: string;
  joints?: string;
  depth?: string;
  depthUnit?: 'm' | 'mm';
  poses?: string;
  poseUnit: 'm' | 'mm';
  cameras?: string;
  fov: number;
  human36m?: string;
  split: string;
  part: 'train' | 'test' | 'both';
  every: number;
  jointOrder: string;
  orientation?: 'shown' | 'stored';
  size: number;
  shardSize: number;
  workers?: number;
  out: string;
  replace?: boolean;
}

/** Exit statuses: all is well; some images were broken, the shards are whole without them. */
const FINE = 0;
const SOME_BROKEN = 2;
/** As shells say that Ctrl-C ended a program. */
const STOPPED = 130;

/** Prepares, prints, and returns the exit status. */
export async function prepareCommand(flags: PrepareFlags): Promise<number> {
  const { out, size, fov, depthUnit, orientation } = flags;
  const inputs = checkedInputs(flags);
  const options: SampleOptions = {
    size,
    fov,
    ...(depthUnit && { depthUnit }),
    ...(orientation && { orientation }),
  };
  const found = await findInputs(inputs);
  if (found.items.length === 0) throw new Error(nothing(flags, found));
  const jobs = jobsOf(found.items, flags.shardSize, options);
  await mkdir(out, { recursive: true });
  const records = await recordsIn(out);
  if (!flags.replace) refuseOtherOptions(out, records, options);
  const todo: Job[] = [];
  for (const job of jobs)
    if (!(await isUpToDate(out, job, records.get(job.number)))) todo.push(job);
  const changed = todo.filter(({ number, hash }) => {
    const record = records.get(number);
    return record && record.hash !== hash;
  });
  console.error(outline(found, jobs, todo, changed));
  if (todo.length > 0) {
    await removeIndex(out);
    const stopped = await make(todo, flags, options, records, found);
    if (stopped) {
      console.error(`stopped; the same command goes on: whole shards are kept in ${out}`);
      return STOPPED;
    }
  }
  const own = jobs.map(({ number }) => records.get(number)!);
  const broken = [...found.broken, ...own.flatMap((record) => record.broken)];
  const leftOut = [...found.nobody, ...found.unknown, ...broken];
  const index = await finish(out, own, options, leftOut);
  if (index.count === 0)
    throw new Error(
      `none of the images could be used: ${broken[0]?.name}: ${broken[0]?.reason}. ${join(out, LEFT_OUT_FILE)} lists all`,
    );
  console.log(summary(flags, found, index, broken));
  return broken.length > 0 ? SOME_BROKEN : FINE;
}

function checkedInputs(flags: PrepareFlags): Inputs {
  const { depth, depthUnit, human36m, joints, poses, cameras, jointOrder } = flags;
  const whole = { size: flags.size, 'shard-size': flags.shardSize, every: flags.every };
  for (const [name, value] of Object.entries({ ...whole, workers: flags.workers ?? 1 }))
    if (!(Number.isInteger(value) && value > 0))
      throw new Error(`--${name} must be a whole number above zero, got ${value}`);
  if (!(flags.fov > 0 && flags.fov < 180))
    throw new Error(`--fov must lie between 0 and 180 degrees, got ${flags.fov}`);
  if (depth && !depthUnit)
    throw new Error('--depth-unit m or mm says what the depth maps hold; it is missing');
  if (human36m && (joints || poses || cameras))
    throw new Error(
      '--human36m has joints, poses and cameras; leave --joints, --poses and --cameras out',
    );
  return {
    images: flags.images,
    joints,
    depth,
    poses,
    cameras,
    order: JOINT_ORDERS[jointOrder]!,
    poseUnit: flags.poseUnit === 'mm' ? 0.001 : 1,
    ...(human36m && {
      human36m: {
        folder: human36m,
        split: splitNamed(flags.split),
        part: flags.part,
        every: flags.every,
      },
    }),
  };
}

/** Shards of different making must not come together by accident. */
function refuseOtherOptions(
  out: string,
  records: ReadonlyMap<number, ShardRecord>,
  options: SampleOptions,
): void {
  for (const record of records.values()) {
    const keys = new Set([...Object.keys(options), ...Object.keys(record.options)]);
    const other = ([...keys] as (keyof SampleOptions)[]).find(
      (key) => options[key] !== record.options[key],
    );
    if (other)
      throw new Error(
        `${out} holds shards made with ${other} ${record.options[other] ?? 'unset'}, not ${options[other] ?? 'unset'}. Give another --out, or --replace to make them anew`,
      );
  }
}

/** Makes the shards that are to be made. @returns whether Ctrl-C came */
async function make(
  todo: readonly Job[],
  flags: PrepareFlags,
  options: SampleOptions,
  records: Map<number, ShardRecord>,
  found: Found,
): Promise<boolean> {
  const total = todo.reduce((sum, { items }) => sum + items.length, 0);
  const bar: Progress = progressBar('preparing', total, 0, 'images');
  let done = 0;
  let shards = 0;
  let broken = found.broken.length;
  const show = () => bar.update(done, { shards: `${shards}/${todo.length}`, broken: `${broken}` });
  let stop = () => {};
  const stopped = new Promise<true>((resolve) => (stop = () => resolve(true)));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const control = new AbortController();
  const work = runJobs(todo, {
    workers: flags.workers ?? availableParallelism(),
    out: flags.out,
    options,
    signal: control.signal,
    onImages(more) {
      done += more;
      show();
    },
    onShard(number, record) {
      records.set(number, record);
      for (const { name, reason } of record.broken) bar.line(`broken      ${name}: ${reason}`);
      shards++;
      broken += record.broken.length;
      show();
    },
  }).then(() => false);
  try {
    return await Promise.race([work, stopped]);
  } finally {
    control.abort();
    await work.catch(() => {});
    bar.stop();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

const images = (count: number) => (count === 1 ? '1 image' : `${count} images`);
const shards = (count: number) => (count === 1 ? '1 shard' : `${count} shards`);

function outline(
  found: Found,
  jobs: readonly Job[],
  todo: readonly Job[],
  changed: readonly Job[],
): string {
  const use = `${images(found.items.length)} to use`;
  if (todo.length === 0)
    return `${use}; nothing to do: ${jobs.length === 1 ? 'the 1 shard is' : `all ${jobs.length} shards are`} there and up to date`;
  const there = jobs.length - todo.length;
  const why = [
    there > 0 && `${there} there and up to date`,
    changed.length > 0 && `${changed.length} made before, from other inputs or options`,
  ].filter(Boolean);
  return `${use}; ${shards(todo.length)} to make${why.length ? ` (${why.join(', ')})` : ''}`;
}

function nothing(
  { images: folder, joints }: PrepareFlags,
  { nobody, broken, unknown }: Found,
): string {
  const [first] = [...broken, ...unknown, ...nobody];
  return `none of the ${images(nobody.length + broken.length + unknown.length)} in ${folder} can be used: ${unknown.length} without joints in ${joints}, ${nobody.length} without a person, ${broken.length} broken. The first, ${first?.name}: ${first?.reason}`;
}

/** Names that are shown of a list that a file has whole. */
const SHOWN = 5;

function summary(
  { out, fov }: PrepareFlags,
  found: Found,
  index: ShardIndex,
  broken: readonly LeftOut[],
): string {
  const { items, nobody, unknown } = found;
  const size = index.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const all = items.length + nobody.length + unknown.length + found.broken.length;
  const assumed = index.count - index.withCamera;
  const list = (what: string, some: readonly LeftOut[]) => {
    const more = some.length > SHOWN ? [`${' '.repeat(12)}and ${some.length - SHOWN} more`] : [];
    const lines = some
      .slice(0, SHOWN)
      .map(({ name, reason }) => `${' '.repeat(12)}${name}: ${reason}`);
    return some.length > 0 ? [`${what.padEnd(12)}${some.length}`, ...lines, ...more] : [];
  };
  return [
    `images      ${all}`,
    `prepared    ${index.count} samples in ${shards(index.shards.length)} of ${out}, ${bytes(size)}`,
    `            ${index.withDepth} with a depth map, ${index.withPose} with a 3D pose, ${index.withCamera} with a camera` +
      (assumed > 0 ? `; ${assumed} as if seen ${fov}° across (--fov)` : ''),
    ...list('no person', nobody),
    ...list('no joints', unknown),
    ...list('broken', broken),
    ...(nobody.length + unknown.length + broken.length > 0
      ? [`listed      ${join(out, LEFT_OUT_FILE)}`]
      : []),
    `index       ${join(out, INDEX_FILE)}`,
  ].join('\n');
}
