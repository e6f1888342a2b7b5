import { JOINT_COUNT } from '../pose/skeleton.ts';
import type { PoseSource } from './batches.ts';
import type { Motion } from './motion.ts';

/** Indices of poses of a motion data set; validation chooses everything, test chooses nothing. */
export interface Split {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Splits a data set by subject, so that no person is in two parts.
 * @param validation one of the train subjects, held out; none if it is left out
 * @throws Error for a subject that is not one of the train subjects, with those that are
 */
export function subjectSplit(motion: Motion, { validation }: { validation?: string } = {}): Split {
  const subjects = trainSubjects(motion);
  if (validation !== undefined && !subjects.includes(validation))
    throw new Error(
      `split: subject '${validation}' is not one of the train subjects, ${subjects.join(', ')}.`,
    );
  const parts: Record<keyof Split, number[]> = { train: [], validation: [], test: [] };
  for (const { subject, split, start, count } of motion.clips) {
    const part = split === 'train' && subject === validation ? 'validation' : split;
    for (let i = start; i < start + count; i++) parts[part].push(i);
  }
  return {
    train: Uint32Array.from(parts.train),
    validation: Uint32Array.from(parts.validation),
    test: Uint32Array.from(parts.test),
  };
}

/** The subjects that may be trained on, sorted. */
export function trainSubjects(motion: Motion): string[] {
  const clips = motion.clips.filter((clip) => clip.split === 'train');
  return [...new Set(clips.map((clip) => clip.subject))].sort();
}

/** Some poses of a motion data set as a source of batches; all of them by default. */
export function motionSource(motion: Motion, indices?: Uint32Array): PoseSource {
  const stride = JOINT_COUNT * 3;
  const count = indices?.length ?? motion.count;
  if (count === 0) throw new Error('split: a source of batches needs at least one pose.');
  return {
    count,
    copyPose(index, pose) {
      const from = (indices?.[index] ?? index) * stride;
      for (let i = 0; i < stride; i++) pose[i] = motion.poses[from + i]!;
    },
  };
}
