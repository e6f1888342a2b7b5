/** How a step that is profiled is cut into passes, of which some are timed. */

import type { Plan, PlannedDispatch } from './plan.ts';

/**
 * Passes that can be timed before their times must be read. A step pays for a large query set,
 * however little of it it uses (lavapipe: 60 us for one of 2048 passes).
 */
export const capacityOf = (dispatches: number): number =>
  Math.min(2048, Math.max(256, dispatches + 1));

/** A dispatch of a step, as it is planned. */
export interface Due {
  readonly dispatch: PlannedDispatch;
  readonly submit: number;
}

/** What of a step is timed: all of it, or passes of `size` dispatches, the first of them `from`. */
export type Focus = 'whole' | { readonly from: number; readonly to: number; readonly size: 1 | 2 };

/** Consecutive dispatches of a step, in one pass. */
export interface Pass {
  readonly first: number;
  readonly count: number;
  readonly submit: number;
  /** Whether the GPU's clock is read at its begin and its end, or at its begin alone. */
  readonly times: 'both' | 'begin' | undefined;
}

/** The dispatches of a step in order, as its submits have them. */
export function dueOf({ dispatches, microBatches }: Plan): Due[] {
  return Array.from({ length: microBatches }, (_, submit) =>
    dispatches
      .filter(({ update }) => !update || submit === microBatches - 1)
      .map((dispatch) => ({ dispatch, submit })),
  ).flat();
}

/**
 * A step as passes, of which some are timed: those in focus, and the begin of what comes after
 * them. What is before and after shares one pass in each submit. Of a whole step, the first pass
 * and the last are timed.
 */
export function passesOf(due: readonly Due[], focus: Focus): Pass[] {
  const passes: { first: number; count: number; submit: number; times: Pass['times'] }[] = [];
  const { from, to, size } = focus === 'whole' ? { from: 0, to: 0, size: 1 } : focus;
  const inside = (i: number) => i >= from && i < to;
  due.forEach(({ submit }, i) => {
    const last = passes.at(-1);
    const most = inside(i) ? size : due.length;
    if (last?.submit === submit && inside(last.first) === inside(i) && last.count < most)
      last.count++;
    else {
      const times = inside(i) ? 'both' : inside(i - 1) ? 'begin' : undefined;
      passes.push({ first: i, count: 1, submit, times });
    }
  });
  if (focus === 'whole')
    for (const end of passes.length > 0 ? [passes[0]!, passes.at(-1)!] : []) end.times = 'both';
  return passes;
}

/** How many passes a step times, evenly over the steps, where it may time `most` of `count`. */
export function widthOf(count: number, most: number): number {
  // The one after them is timed, too.
  const width = Math.max(1, Math.min(Math.floor(most), capacityOf(count)) - 1);
  return Math.ceil(count / Math.ceil(count / width));
}
