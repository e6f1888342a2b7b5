/**
 * Poses to train on: a data set in one file, Human3.6M, a folder of motion capture, or the procedural
 * body.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { PoseSource } from '../data/batches.ts';
import { bodySource } from '../data/body/source.ts';
import { HUMAN36M_SPLITS, type SplitName } from '../data/human36m/joints.ts';
import { human36mMotion, readHuman36mPoses } from '../data/human36m/npz.ts';
import { type Motion, motionFromFiles, readMotion } from '../data/motion.ts';
import { seenPeople } from '../data/scene/seen_source.ts';
import { motionSource, subjectSplit } from '../data/splits.ts';
import type { LifterConfig } from '../train/config.ts';
import type { TrainingData } from '../train/training.ts';
import { parsed } from './parsed.ts';

/** Poses of an epoch of the procedural body, and how many of them judge. */
const BODY_POSES = 50_000;
const BODY_VALIDATION = 2048;
/** The same of rendered people. */
export const RENDERED_PEOPLE = 100_000;
const RENDERED_VALIDATION = 1024;

export interface LoadedData extends TrainingData {
  /** Whether nothing is learned from the poses that judge, so that they may choose the weights. */
  readonly heldOut: boolean;
  /** One line on what it is, for the log. */
  readonly description: string;
}

/** Loads what `data` of a configuration names. */
export async function loadTrainingData({
  data,
  split: name,
  validation,
  seed,
}: LifterConfig): Promise<LoadedData> {
  if (data === 'synthetic' || data === 'rendered') {
    if (validation !== null)
      throw new Error(
        `--validation ${validation} names a subject, and procedural people have none. Leave it out: other people judge`,
      );
    if (data === 'rendered') {
      const people = (split: 'train' | 'validation', count: number) =>
        seenPeople({ seed, split, count });
      return {
        train: people('train', RENDERED_PEOPLE),
        validation: people('validation', RENDERED_VALIDATION),
        heldOut: true,
        description: `${RENDERED_PEOPLE} people an epoch, those whom two-stage lifters are shown`,
      };
    }
    const train = bodySource({ seed, count: BODY_POSES });
    const judge = bodySource({ seed: seed + 1, count: BODY_VALIDATION });
    return {
      train,
      validation: judge,
      heldOut: true,
      description: `${BODY_POSES} procedural poses an epoch`,
    };
  }
  const motion = await loadMotion(data, name);
  const split = subjectSplit(motion, validation === null ? {} : { validation });
  if (split.train.length === 0) throw new Error(`${data} has no poses to train on`);
  const train = motionSource(motion, split.train);
  const judged: PoseSource = validation === null ? train : motionSource(motion, split.validation);
  return {
    train,
    validation: judged,
    heldOut: validation !== null,
    description:
      `${split.train.length} poses of ${data}; ` +
      (validation === null
        ? 'judged by the training poses in new views'
        : `${split.validation.length} of subject ${validation} choose the weights`),
  };
}

async function loadMotion(path: string, split: SplitName): Promise<Motion> {
  const found = await stat(path).catch(() => {
    throw new Error(
      `there is no ${path}. Give a .safetensors file, Human3.6M's data_3d_h36m.npz, a folder of .bvh or .asf/.amc files, synthetic, or rendered`,
    );
  });
  if (path.endsWith('.npz'))
    return parsed(path, async (bytes) =>
      human36mMotion(await readHuman36mPoses(bytes), HUMAN36M_SPLITS[split]),
    );
  if (!found.isDirectory()) return parsed(path, readMotion);
  const names = (await readdir(path, { recursive: true }))
    .filter((name) => ['.bvh', '.asf', '.amc'].includes(extname(name).toLowerCase()))
    .sort();
  if (names.length === 0) throw new Error(`${path} holds no .bvh, .asf or .amc files`);
  return motionFromFiles(
    await Promise.all(
      names.map(async (name) => ({ name, text: await readFile(join(path, name), 'utf8') })),
    ),
  );
}
