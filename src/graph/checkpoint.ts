/** Activation checkpointing: segments of a graph whose results may be computed a second time. */

import { recompute } from './recompute.ts';
import { currentTape } from './trace.ts';

/**
 * The function, as a segment whose results need not be kept for the backward pass (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"): a program compiled with `recompute` keeps only
 * what the segment reads and what is used after it, and computes the rest again before the gradients
 * that need it. The bits are the same: dropout draws the same numbers, and running statistics are
 * updated once. Otherwise it changes nothing. A segment within a segment is a part of it.
 */
export const checkpoint =
  <A extends readonly unknown[], R>(segment: (...inputs: A) => R): ((...inputs: A) => R) =>
  (...inputs) => {
    const tape = currentTape();
    const { part } = tape;
    tape.part ??= tape.segments++;
    tape.recompute = recompute;
    try {
      return segment(...inputs);
    } finally {
      tape.part = part;
    }
  };
