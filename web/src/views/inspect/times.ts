/** How long the dispatches of a program take, measured in this tab. */

import { type Program, profile, type Timeline } from 'kinegrad';

export interface Times {
  /** Milliseconds of each dispatch; empty where the GPU has no clock that pages may read. */
  readonly dispatches: readonly number[];
  /** A whole step, from the call until the host knows that it is done. */
  readonly wall: number;
  /** What the numbers are, in a sentence. */
  readonly words: string;
}

/** The finest that browsers round the clocks of GPUs to, unless a developer asks for more. */
const ROUNDED = 0.1;

export async function timesOf<I>(
  program: Program<I, unknown>,
  batch: Parameters<Program<I, unknown>['run']>[0],
): Promise<Times> {
  const timeline = await profile(program, batch);
  const dispatches = timeline.dispatches.map(({ begin, end }) => end - begin);
  return { dispatches, wall: timeline.wall, words: wordsOf(timeline) };
}

function wordsOf({ wall, steps, parts, dispatches, note }: Timeline): string {
  const part = (name: string) => parts.find((p) => p.name === name)?.ms ?? 0;
  const whole = `${ms(wall)} a step, from the call until the page knows that it is done (${steps} steps were run)`;
  if (dispatches.length === 0)
    return `${whole}. ${note} By the clock of the host, ${ms(part('device'))} of it pass while the device works.`;
  const coarse = dispatches.every(({ begin, end }) => isWhole((end - begin) / ROUNDED))
    ? ' This browser rounds the clock of the GPU to 0.1 ms: short dispatches show as 0.'
    : '';
  return `${whole}: ${ms(part('dispatches'))} in dispatches, ${ms(part('gaps'))} between them. Times are the GPU’s own, medians of the steps that nothing disturbed.${coarse}`;
}

const isWhole = (n: number) => Math.abs(n - Math.round(n)) < 1e-3;

/** 3.42 ms, or 85 µs. */
export const ms = (n: number): string =>
  n < 0.1 ? `${Math.round(1000 * n)} µs` : `${n < 10 ? n.toFixed(2) : n.toFixed(1)} ms`;
