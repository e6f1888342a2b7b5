/** How long a page keeps its thread from all else, whatever else the machine does meanwhile. */

import type { Page } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's own clock, which stands still while others have the processor. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Does something in a page.
 * @returns milliseconds of processor time that the longest task of the page's thread took meanwhile
 */
export async function longestTask<T>(
  page: Page,
  work: () => Promise<T>,
): Promise<{ result: T; longest: number }> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['toplevel'] });
  const result = await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const times = traceEvents.flatMap(({ pid, tid, tdur }) =>
    tdur !== undefined && threads.has(`${pid} ${tid}`) ? tdur / 1000 : [],
  );
  if (times.length === 0) throw new Error('the trace holds no task of the page');
  return { result, longest: Math.max(...times) };
}
