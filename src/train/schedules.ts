/** Schedules: rates as functions of the steps that are done, in f64 on the host. */

import type { Schedule } from '../graph/trace.ts';

/** The same rate at every step. */
export const constant =
  (rate: number): Schedule =>
  () =>
    rate;

/** Multiplies the rate by `factor` at each of the given steps. */
export const stepwise =
  (rate: number, steps: readonly number[], factor = 0.1): Schedule =>
  (step) =>
    rate * factor ** steps.filter((at) => step >= at).length;

/** rate · factor^(step / every), continuously. */
export const exponential =
  (rate: number, factor: number, every = 1): Schedule =>
  (step) =>
    rate * factor ** (step / every);

/**
 * Half a cosine from `rate` at step 0 to `end` at step `steps`, and `end` from then on (Loshchilov
 * and Hutter 2017, without restarts).
 */
export const cosine =
  (rate: number, steps: number, end = 0): Schedule =>
  (step) => {
    const done = Math.min(1, step / steps);
    return end + (rate - end) * 0.5 * (1 + Math.cos(Math.PI * done));
  };

/**
 * A straight line from 0 over the first `steps` steps, then what `then` gives from its own
 * beginning.
 */
export const warmUp =
  (steps: number, then: Schedule): Schedule =>
  (step, microBatch) =>
    step < steps
      ? ((step + 1) / (steps + 1)) * then(0, microBatch)
      : then(step - steps, microBatch);

export interface OneCycleOptions {
  /** Share of the steps in which the rate rises. */
  rise?: number;
  /** The first rate is the highest divided by this. */
  startFactor?: number;
  /** The last rate is the first divided by this. */
  endFactor?: number;
}

/**
 * One cycle (Smith and Topin 2018): half a cosine up from highest / startFactor to `highest`, and
 * one down to almost nothing at the last step, as PyTorch's OneCycleLR with its defaults.
 */
export function oneCycle(
  highest: number,
  steps: number,
  { rise = 0.3, startFactor = 25, endFactor = 1e4 }: OneCycleOptions = {},
): Schedule {
  const first = highest / startFactor;
  const last = first / endFactor;
  const top = rise * steps - 1;
  const between = (from: number, to: number, done: number) =>
    to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * done));
  return (step) =>
    step <= top
      ? between(first, highest, top > 0 ? step / top : 1)
      : between(highest, last, Math.min(1, (step - top) / Math.max(1, steps - 1 - top)));
}
