/**
 * What an engine does to be measured. `server.ts` imports its file in a process of its own and
 * uses the export `engine`; `pytorch.py` does the same in Python.
 */

import type { Training, Weights } from './problem.ts';
import type { Fixed, OpJob, OpName, OpWork, ViewJob } from './work.ts';

export interface Engine {
  /** Name and version. */
  readonly title: string;
  open(): Promise<OpenEngine>;
}

export interface OpenEngine {
  /** What it computes on, in the words of the driver. */
  readonly adapter: string;
  /**
   * The op in chains of any length; undefined where the engine has no such op.
   * @throws CannotError where it has the op, but not this case of it
   */
  op(job: OpJob): Promise<Chain | undefined>;
  /** The network in inference, for batches of this size. */
  lifter(weights: Weights, batch: number): Promise<Lifter>;
  /** The training step; absent where the engine only infers. */
  trainer?(weights: Weights, training: Training): Promise<Trainer>;
  /** The training step of the convolutional lifter; absent where the engine cannot train it. */
  viewTrainer?(job: ViewJob): Promise<ViewTrainer>;
}

/** An engine's ops: entry i of a chain gives the next y. A missing entry: the engine cannot. */
export type Steps<T> = {
  readonly [name in OpName]?: (y: T, fixed: Fixed<T>, i: number, work: OpWork) => T;
};

export interface Chain {
  /** Uploads the first y, runs `length` calls, each on the y before it, reads the last y back. */
  run(length: number): Promise<Float32Array>;
  /** A y of `run` with the axes of the problem, where the engine has another order of them. */
  inOrder?(y: Float32Array): Float32Array;
  /** What a reader must know to judge the figures. */
  readonly notes?: readonly string[];
  close(): void | Promise<void>;
}

export interface Lifter {
  /** Uploads encoded poses [batch, 34], runs, and reads the lifted poses [batch, 48] back. */
  run(poses: Float32Array): Promise<Float32Array>;
  readonly notes?: readonly string[];
  close(): void | Promise<void>;
}

export interface Trainer {
  /** Queues one step on a batch [batch, 34], [batch, 48], uploads included; need not wait. */
  step(poses: Float32Array, targets: Float32Array): void | Promise<void>;
  /** The loss of the last step, when all the work of that step is done. */
  loss(): Promise<number>;
  readonly notes?: readonly string[];
  close(): void | Promise<void>;
}

export interface ViewTrainer {
  /** Queues one step on the views of the job, uploads included; need not wait. */
  step(): void | Promise<void>;
  /** The loss of the last step, when all the work of that step is done. */
  loss(): Promise<number>;
  /** The loss at the weights as they are, then the gradients of all parameters in their order. */
  gradients(): Promise<Float32Array>;
  readonly notes?: readonly string[];
  close(): void | Promise<void>;
}
