/** How a step that is profiled is cut into passes, of which some are timed. */

import type { Plan, PlannedDispatch } from './plan.ts';

/** Passes that can be timed before their times must be read; steps may be many. */
export const CAPACITY = 2048;
/** Instead of a first dispatch, in steps that timed none alone. */
export const TOGETHER = -1;

/** A dispatch of a step, as it is planned. */
export interface Due {
  readonly dispatch: PlannedDispatch;
  readonly submit: number;
}

/** Consecutive dispatches of a step, in one pass. */
export interface Pass {
  readonly first: number;
  readonly count: number;
  readonly submit: number;
  readonly timed: boolean;
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
 * A step as passes: dispatches from `from` to before `to` have their own, those before and after
 * share one in each submit. Timed are the passes of the former, their neighbours, the first and the
 * last.
 */
export function passesOf(due: readonly Due[], from: number, to: number): Pass[] {
  const passes: { first: number; count: number; submit: number }[] = [];
  const alone = (i: number) => i >= from && i < to;
  due.forEach(({ submit }, i) => {
    const last = passes.at(-1);
    if (last?.submit === submit && !alone(i) && !alone(i - 1)) last.count++;
    else passes.push({ first: i, count: 1, submit });
  });
  return passes.map((pass, i) => {
    const { first, count } = pass;
    const near = first + count >= from && first <= to && from < to;
    return { ...pass, timed: near || i === 0 || i === passes.length - 1 };
  });
}

/** How many of `count` dispatches a step times where it may time `passes`, evenly over the steps. */
export function widthOf(count: number, passes: number): number {
  if (count <= Math.min(passes, CAPACITY)) return count;
  // The passes before and after them are timed, too, and the first and the last.
  const most = Math.max(1, Math.min(Math.floor(passes) - 2, CAPACITY - 4));
  return Math.ceil(count / Math.ceil(count / most));
}
