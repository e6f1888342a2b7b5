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
}

export function drawPeople(source: PoseSource, plan: Pick<BatchPlan, 'cameras'>): People {
  const { pose2d, pose3d } = drawBatch({ source, size: PEOPLE, seed: CHOSEN, ...plan }, 0);
  const pelvis = (i: number) => i - (i % PERSON) + (i % 3);
  return { rays: pose2d, truth: pose3d.map((v, i) => v - pose3d[pelvis(i)]!) };
}

/** Mean distance in millimetres of each person's joints from where they are. */
export const errorsOf = (lifted: ArrayLike<number>, truth: Float32Array): number[] =>
  Array.from({ length: PEOPLE }, (_, i) => {
    const part = (of: ArrayLike<number>) =>
      Float32Array.from({ length: PERSON }, (_, at) => of[PERSON * i + at]!);
    return evaluatePoses(part(lifted), part(truth)).mpjpe.value;
  });
