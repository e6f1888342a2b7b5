/**
 * Shards that `kinegrad prepare` made, as two-stage lifters learn from them and are measured on
 * them.
 */

import { stat } from 'node:fs/promises';
import { decodeImage, readFile } from '#platform';
import {
  HUMAN36M_SPLITS,
  type Human36mSplit,
  partOf,
  type SplitName,
} from '../data/human36m/joints.ts';
import { openShards, type ShardDataset } from '../data/shards/dataset.ts';
import { keptSamples, type TakeFilter, trainableSamples } from '../data/shards/selection.ts';
import type { Take } from '../data/shards/shard.ts';
import { shardsHeld } from '../data/shards/stream.ts';
import { bytes } from '../gpu/faults.ts';
import { MIXED_SHARDS, shardViews } from '../train/shard_views.ts';
import type { ViewConfig } from '../train/view_config.ts';
import type { ViewSource } from '../train/view_data.ts';
import type { ViewTrainingData } from '../train/view_training.ts';

export interface ShardViewData extends ViewTrainingData {
  /**
   * What is learned from, what judges, what is left out and what it takes of memory, for the log.
   */
  readonly description: string;
}

/** Of people to learn from, the share that judges where nobody says who does. */
const HELD_OUT = 0.1;

const isFolder = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory();

/** @throws Error where there is no such folder, or it holds no shards */
export async function openFolder(folder: string): Promise<ShardDataset> {
  if (!(await isFolder(folder)))
    throw new Error(
      `there is no folder ${folder}. Give one that 'kinegrad prepare' made, or say rendered for rendered people`,
    );
  return openShards(folder, { readFile, decodeImage }, 1);
}

/** Samples of a part of a split; those that tell no take are in all. */
const ofPart =
  (split: SplitName, part: 'train' | 'test'): TakeFilter =>
  (take) => {
    if (!take) return true;
    const own: Human36mSplit = HUMAN36M_SPLITS[split];
    const filmed = own.camera === undefined || take.camera === own.camera;
    return filmed && partOf(own, take.subject) === part;
  };

/** Opens what a configuration wants to learn from, and what judges. */
export async function loadShardViews(config: ViewConfig): Promise<ShardViewData> {
  const { data: folder, size, split, validation, batch, judged, depthError } = config;
  if (depthError)
    throw new Error(
      '--depth-error is for rendered people. Leave it out: shards have the depth that was prepared',
    );
  const data = await openFolder(folder);
  const part = ofPart(split, 'train');
  const all = trainableSamples(data, part);
  refuseNone(data, all.count, `the subjects that split ${split} trains on`);
  const others = validation !== null && (await isFolder(validation));
  const [learned, judging, who] = others
    ? [all, trainableSamples(await openFolder(validation)), `of ${validation}`]
    : await heldOut(data, part, all.count, config);
  if (judging.count === 0)
    throw new Error(`there is nobody to judge in ${validation ?? folder}. ${JUDGES}`);
  if (learned.count < batch)
    throw new Error(
      `${folder} has ${people(learned.count)} to learn from, fewer than a batch of ${batch}. Give --batch ${learned.count} or less, or prepare more images`,
    );
  const count = Math.min(judged, judging.count);
  // It is read by itself, before the shards that are learned from are in memory.
  const kept = await keptSamples(judging, count);
  return {
    train: shardViews(learned, size),
    validation: shardViews(kept, size),
    description: [
      `${people(learned.count)} an epoch in ${learned.counts.length} shards of ${folder}, seen at ${size} pixels; ${count} ${who} ${count === 1 ? 'chooses' : 'choose'} the weights`,
      ...leftOut(data, all.count),
      memoryOf(data, shardsHeld(learned.counts, batch, MIXED_SHARDS)),
    ].join('\n'),
  };
}

const JUDGES =
  'Give --validation a subject of the data, or the folder of other shards, or leave it out: the last tenth judges then';

const people = (count: number) => (count === 1 ? '1 person' : `${count} people`);

/** Those who are learned from, those who judge, and who that is. */
async function heldOut(
  data: ShardDataset,
  part: TakeFilter,
  count: number,
  { validation, judged }: ViewConfig,
) {
  if (validation !== null) {
    const isJudge = (take: Take | undefined) => take?.subject === validation;
    const judging = trainableSamples(data, (take) => part(take) && isJudge(take));
    if (judging.count === 0)
      throw new Error(
        `${data.where} has no subject ${validation} to train on, and there is no such folder. Its subjects: ${subjectsOf(data).join(', ') || 'none is told'}. ${JUDGES}`,
      );
    const learned = trainableSamples(data, (take) => part(take) && !isJudge(take));
    return [learned, judging, `of subject ${validation}`] as const;
  }
  const last = Math.min(judged, Math.max(1, Math.floor(HELD_OUT * count)));
  return [
    trainableSamples(data, part, [0, count - last]),
    trainableSamples(data, part, [count - last, count]),
    'of them',
  ] as const;
}

/** Opens what a lifter is measured on; `told` is whether all of it tells its subjects. */
export async function measuredViews(
  folder: string,
  split: SplitName,
): Promise<{ count: number; views: (size: number) => ViewSource; told: boolean }> {
  const data = await openFolder(folder);
  const samples = trainableSamples(data, ofPart(split, 'test'));
  refuseNone(data, samples.count, `the subjects that split ${split} tests on`);
  const told = trainableIn(data).every(({ take }) => take !== undefined);
  return { count: samples.count, views: (size) => shardViews(samples, size), told };
}

const trainableIn = ({ index }: ShardDataset) => index.shards.flatMap((shard) => shard.trainable);

const subjectsOf = (data: ShardDataset) =>
  [...new Set(trainableIn(data).flatMap(({ take }) => take?.subject ?? []))].sort();

function refuseNone(data: ShardDataset, count: number, who: string): void {
  if (count > 0) return;
  const known = trainableIn(data).reduce((sum, { count }) => sum + count, 0);
  if (known > 0)
    throw new Error(
      `${data.where} has none of ${who}, only ${subjectsOf(data).join(', ')}. Prepare the other part by --part`,
    );
  const { index, where } = data;
  throw new Error(
    `${where} has no sample to learn from or to measure on: of ${index.count}, ${index.count - index.withPose} have no 3D pose, and ${index.withPose} lack a joint. Give 'kinegrad prepare' --poses, with all 17 joints`,
  );
}

/** What cannot be used, and why. */
function leftOut(data: ShardDataset, used: number): string[] {
  const { count, withPose, withCamera, withDepth } = data.index;
  const known = trainableIn(data).reduce((sum, { count }) => sum + count, 0);
  const reasons = [
    count > withPose && `${count - withPose} without a 3D pose`,
    withPose > known && `${withPose - known} that lack a joint`,
    known > used && `${known - used} of other subjects or cameras`,
  ].filter(Boolean);
  const notes = [
    withDepth < count && `${count - withDepth} of all have no depth map`,
    withCamera < count && `the camera of ${count - withCamera} was assumed`,
  ].filter(Boolean);
  return [
    ...(reasons.length > 0 ? [`left out: ${reasons.join(', ')}`] : []),
    ...(notes.length > 0 ? [notes.join('; ')] : []),
  ];
}

/** What so many of the largest shards take. */
function memoryOf({ index }: ShardDataset, held: number): string {
  const largest = index.shards.map((shard) => shard.bytes).sort((a, b) => b - a);
  const sum = largest.slice(0, held).reduce((total, own) => total + own, 0);
  return `up to ${held === 1 ? '1 shard is' : `${held} shards are`} in memory: ${bytes(sum)}`;
}
