/** A work as a job for the engines, and the judgement of what they make of it. */

import { gradientError, viewProblem } from './cnn_problem.ts';
import { opProblem } from './ops.ts';
import {
  makePoses,
  makeWeights,
  reference,
  relativeError,
  type Training,
  type Weights,
} from './problem.ts';
import { referenceLosses } from './reference_training.ts';
import type { Job, ViewWork, Work } from './work.ts';

export interface Problem {
  /** What is timed. */
  readonly job: Job;
  /**
   * What is judged in its place where chance is part of the work: a training step without dropout,
   * run for so many steps at a time.
   */
  readonly trial?: { readonly job: Job; readonly lengths: readonly number[] };
  /**
   * How far an output is from f64, in parts of the largest value: of a chain of so many calls; of
   * an inference; or the loss of this step of the trial.
   */
  error(output: Float32Array, length: number): number;
  /** Errors up to this are right, where it is another than usual. */
  readonly tolerance?: number;
  /** Seconds within which an engine must answer, where they are not the usual ones. */
  readonly patience_s?: number;
}

const TRAINING: Omit<Training, 'batch'> = {
  dropout: 0.5,
  rate: 1e-3,
  decay: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  momentum: 0.1,
};
/**
 * Of gradients of the convolutional lifter. Rounding decides on which side of the kink of a ReLU a value
 * lies that is all but 0: one such value of 16,384 is 4e-3 of the gradients below it. A wrong derivative
 * is off by about 1.
 */
const KINKS = 1e-2;
/**
 * Seconds for the first step of the convolutional lifter: lavapipe makes machine code when a kernel first runs,
 * which takes minutes for the hundreds of jax-js.
 */
const COMPILING = 1500;
/** The loss is judged at step 1 and at the last of these, which has two updates behind it. */
const TRIAL_STEPS = 3;

/** @throws when the work is none that there can be */
export async function problemOf(work: Work): Promise<Problem> {
  if (work.kind === 'op') {
    const { start, fixed, error } = opProblem(work);
    return { job: { kind: 'op', work, start, fixed }, error };
  }
  if (work.kind === 'views') return viewsOf(work);
  const { batch, width, pass } = work;
  const weights = weightsOf(width);
  const { poses, targets } = makePoses(batch);
  if (pass === 'inference') {
    const lifted = reference(weights, poses);
    const job: Job = { kind: 'inference', batch, weights, poses };
    return { job, error: (output) => relativeError(output, lifted) };
  }
  const job = { kind: 'training', weights, poses, targets } as const;
  const training = { ...TRAINING, batch };
  const still = { ...training, dropout: 0 };
  const losses = referenceLosses(weights, still, { poses, targets }, TRIAL_STEPS);
  return {
    job: { ...job, training },
    trial: { job: { ...job, training: still }, lengths: [1, TRIAL_STEPS - 1] },
    error: ([loss], step) => Math.abs(loss! - losses[step - 1]!) / losses[0]!,
  };
}

/**
 * A step of the convolutional lifter, judged by the loss and all gradients of its first step. They are
 * held against those of the first engine, which is ours where it takes part: it is held to PyTorch's
 * numbers by `test/models/cnn_golden.test.ts`.
 */
async function viewsOf(work: ViewWork): Promise<Problem> {
  const problem = await viewProblem(work);
  let expected: Float32Array | undefined;
  return {
    job: { kind: 'views', ...problem, judged: false },
    trial: { job: { kind: 'views', ...problem, judged: true }, lengths: [1] },
    error(values) {
      expected ??= values;
      return gradientError(problem, values, expected);
    },
    tolerance: KINKS,
    patience_s: COMPILING,
  };
}

let last: Weights | undefined;

/** Drawn once for works of the same width. */
const weightsOf = (width: number): Weights =>
  last?.width === width ? last : (last = makeWeights(width));
