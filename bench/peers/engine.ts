/**
 * What an engine does to be measured. `measure.ts` imports its file in a process of its own
 * and calls the export `engine`.
 */

import type { Weights } from './problem.ts';

export interface Engine {
  /** Name and version, as the table shows them. */
  readonly title: string;
  /** Opens the device. The clock of the first step starts here, after the imports. */
  open(): Promise<OpenEngine>;
}

export interface OpenEngine {
  /** What it computes on, in the words of the driver. */
  readonly adapter: string;
  /** What a reader must know to judge the figures; read when all is measured. */
  readonly notes: readonly string[];
  /** The network in inference, for batches of this size. */
  lifter(weights: Weights, batch: number): Promise<Lifter>;
  /** The training step; absent where the engine only infers. */
  trainer?(weights: Weights, training: Training): Promise<Trainer>;
  close(): void | Promise<void>;
}

export interface Lifter {
  /**
   * Uploads encoded poses [batch, 34], runs, and reads the lifted poses [batch, 48] back. Several
   * calls may be in flight at once.
   */
  run(poses: Float32Array): Promise<Float32Array>;
  close(): void | Promise<void>;
}

/** The step: forward in training mode, mean squared error, backward, AdamW. */
export interface Training {
  readonly batch: number;
  /** Probability that a hidden value is dropped. */
  readonly dropout: number;
  /** AdamW (Loshchilov and Hutter 2019); weights decay, norms and biases do not. */
  readonly rate: number;
  readonly decay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Part of the batch's mean and variance that enters the running statistics at each step. */
  readonly momentum: number;
}

export interface Trainer {
  /** Queues one step on a batch [batch, 34], [batch, 48], uploads included; need not wait. */
  step(poses: Float32Array, targets: Float32Array): void | Promise<void>;
  /** The loss of the last step, when all the work of that step is done. */
  loss(): Promise<number>;
  close(): void | Promise<void>;
}
