/** Models whose whole steps the bench runs. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Program } from '../../src/graph/compiled.ts';
import type { Batch } from '../../src/graph/inputs.ts';
import type { Tensor } from '../../src/graph/trace.ts';

export interface ModelOptions {
  /** Rows of data in a step. */
  readonly batch?: number | undefined;
  /** Features of hidden layers. */
  readonly width?: number | undefined;
  /** Pixels along each side of a view. */
  readonly size?: number | undefined;
  /** Of training: blocks are computed again for the gradients. */
  readonly recompute?: boolean | undefined;
}

/** A program of one step, with data for it. */
export interface ModelStep {
  readonly program: Program<Inputs, Outputs>;
  readonly batch: Batch<Inputs>;
  /** What the host reads after each step: inference without its result would be no step. */
  readonly read: readonly string[];
  /** Sizes, for people. */
  readonly sizes: string;
}

/** Builds the program of a step. */
export type ModelBuilder = (gpu: Gpu, options: ModelOptions) => Promise<ModelStep>;

export interface Model {
  readonly train: ModelBuilder;
  readonly infer: ModelBuilder;
}

type Inputs = Readonly<Record<string, readonly number[]>>;
type Outputs = Readonly<Record<string, Tensor>>;
