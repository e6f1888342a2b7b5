/** What a program can be asked for when it is compiled. */

import type { Variants } from '../kernels/tuning.ts';
import type { HalfStorage } from './plan.ts';
import type { Stead } from './slabs.ts';

export interface CompileOptions {
  /** Merge chains of elementwise ops, and epilogues into products. Only tests turn it off. */
  fuse?: boolean;
  /**
   * `f16` stores results between ops as halves, in half the memory; ops compute in f32 all the same.
   * Inputs, outputs, variables, their gradients and statistics stay f32.
   */
  storage?: HalfStorage | undefined;
  /**
   * Computes segments marked by `checkpoint` again for the backward pass, instead of keeping their
   * results: less memory for more time, and the same bits. Off by default.
   */
  recompute?: boolean | undefined;
  /** Of the initial values and of all random numbers. */
  seed?: number;
  /**
   * Bytes that the program may take with all variables that it reads or writes: a plan that needs
   * more is refused, with the numbers, before anything is allocated. See `memoryOf`.
   */
  cap?: number | undefined;
  /**
   * Sets of variables to read instead of others of the same layout: parameters from their average,
   * `new Map([[parameters, averageOf(parameters)]])`.
   */
  stead?: Stead | undefined;
  /** Called as pipelines are ready. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /**
   * Variants of kernels to use: by family for all shapes, `{ matmul: 'naive' }`, which must fit, or
   * as `plan.variants` and snapshots have them, where what does not fit is passed over.
   */
  variants?: Variants;
}
