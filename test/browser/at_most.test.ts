/** Work that is worth doing only so often. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMost } from '../../web/src/parts/at_most.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('is done at once, then once a gap, and the last call is not lost', () => {
  const done: number[] = [];
  const begin = performance.now();
  const often = atMost(100, () => done.push(performance.now() - begin));
  for (let i = 0; i < 25; i++) {
    often.ask();
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(1000);
  expect(done).toEqual([0, 100, 200, 300]);
  often.ask();
  vi.advanceTimersByTime(0);
  expect(done).toHaveLength(5);
});

test('nothing is done once it has ended', () => {
  const work = vi.fn();
  const often = atMost(100, work);
  often.ask();
  often.end();
  vi.advanceTimersByTime(1000);
  expect(work).not.toHaveBeenCalled();
});
