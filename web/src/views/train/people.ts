/** A few people that the network never learns from, lifted now and then to see what it knows. */

import { type BatchPlan, drawBatch, evaluatePoses, type PoseSource } from 'kinegrad';

export const PEOPLE = 4;
/** Numbers of a person. */
export const PERSON = 3 * 17;
/** Which of the validation people they are: any number would do, as long as it stays. */
const CHOSEN = 0x70656f70;

export interface People {
  /** [PEOPLE, 17, 2] on the plane at depth 1: what the network sees. */
  readonly rays: Float32Array;
  /** [PEOPLE, 17, 3] metres from the pelvis, in the camera's frame: what is true. */
  readonly truth: Float32Array;
  /** What a network is shown of them, where it looks at pictures. */
  readonly seen?: Seen;
}

export interface Seen {
  /** Pixels of a side. */
  readonly size: number;
  /** [PEOPLE, size, size, 4] red, green and blue from 0 to 1, and metres. */
  readonly pictures: Float32Array;
  /** [PEOPLE, 17, 2] pixels, as a detector gives them. */
  readonly joints: Float32Array;
}

/** Poses [n, 17, 3] from their pelvis. */
export const fromPelvis = (poses: Float32Array): Float32Array =>
  poses.map((v, i) => v - poses[i - (i % PERSON) + (i % 3)]!);

export function drawPeople(source: PoseSource, plan: Pick<BatchPlan, 'cameras'>): People {
  const { pose2d, pose3d } = drawBatch({ source, size: PEOPLE, seed: CHOSEN, ...plan }, 0);
  return { rays: pose2d, truth: fromPelvis(pose3d) };
}

/** Mean distance in millimetres of each person's joints from where they are. */
export const errorsOf = (lifted: ArrayLike<number>, truth: Float32Array): number[] =>
  Array.from({ length: PEOPLE }, (_, i) => {
    const part = (of: ArrayLike<number>) =>
      Float32Array.from({ length: PERSON }, (_, at) => of[PERSON * i + at]!);
    return evaluatePoses(part(lifted), part(truth)).mpjpe.value;
  });
