/** Steps cut into passes, and what their times say together. */

import { expect, test } from 'vitest';
import { capacityOf, type Due, type Focus, passesOf, widthOf } from '../../src/graph/passes.ts';
import { type Sample, timelineOf } from '../../src/graph/timeline.ts';

/** Dispatches of submits of these sizes. */
const due = (...sizes: readonly number[]) =>
  sizes.flatMap((size, submit) => Array.from({ length: size }, () => ({ submit }))) as never;

const ends = { from: 8, to: 10, size: 1 } as const;

test.each<Focus>([
  'whole',
  { from: 0, to: 4, size: 1 },
  { from: 3, to: 7, size: 1 },
  { from: 0, to: 4, size: 2 },
  { from: 3, to: 9, size: 2 },
  ends,
])('passes hold every dispatch once, never of two submits: %o', (focus) => {
  const passes = passesOf(due(4, 6), focus);
  const held = passes.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, i) => first + i),
  );
  expect(held).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const { first, count, submit } of passes)
    expect(first >= 4 === (submit === 1) && first + count > 4 === (submit === 1)).toBe(true);
});

test('passes in focus are timed, and the begin of the next', () => {
  const timed = (focus: Focus) =>
    passesOf(due(4, 6), focus).map(({ first, count, times }) => [first, count, times]);
  expect(timed('whole')).toEqual([
    [0, 4, 'both'],
    [4, 6, 'both'],
  ]);
  expect(timed({ from: 1, to: 3, size: 1 })).toEqual([
    [0, 1, undefined],
    [1, 1, 'both'],
    [2, 1, 'both'],
    [3, 1, 'begin'],
    [4, 6, undefined],
  ]);
  expect(timed({ from: 5, to: 9, size: 2 })).toEqual([
    [0, 4, undefined],
    [4, 1, undefined],
    [5, 2, 'both'],
    [7, 2, 'both'],
    [9, 1, 'begin'],
  ]);
  expect(timed(ends).slice(-2)).toEqual([
    [8, 1, 'both'],
    [9, 1, 'both'],
  ]);
});

test('steps time no more passes than there is room for, and as many as may cost something', () => {
  const count = 18_000;
  const width = widthOf(count, 1e9);
  expect(width).toBeGreaterThan(1000);
  for (const size of [1, 2] as const)
    for (let from = 0; from < count; from += size * width) {
      const passes = passesOf(due(9000, 9000), { from, to: from + size * width, size });
      expect(passes.filter(({ times }) => times).length).toBeLessThanOrEqual(capacityOf(count));
    }
  expect(widthOf(17, 18)).toBe(17);
  expect(widthOf(17, 17)).toBe(9);
  expect(widthOf(17, 0.3)).toBe(1);
});

/** A step of passes, the first of which begins 1 ms after the step was asked for. */
function sampleOf(focus: Focus, lengths: readonly number[], work: Due[]): Sample {
  let at = 1;
  const passes = passesOf(work, focus).flatMap((pass, i) => {
    const begin = at;
    at += lengths[i]!;
    return pass.times ? [{ ...pass, begin, end: at }] : [];
  });
  const marks = [{ write: 0.1, encode: 0.2, submit: 0.5, wait: 0.75 }];
  return { focus, marks, passes, begin: 0, end: at + 0.5 };
}

test('nothing is made to fit: parts and the whole say what their own steps showed', () => {
  const dispatch = { op: 'a', kernel: { file: 'a.wgsl' }, operands: {}, groups: [1, 1, 1] };
  const work = Array.from({ length: 4 }, () => ({ dispatch, submit: 0 })) as unknown as Due[];
  // Reading the clock takes 0.25 ms; the fourth dispatch takes 3 ms longer by itself.
  const [alone, whole] = [[1.25, 2.25, 3.25, 7.25], 10.25];
  const samples = [
    sampleOf('whole', [whole], work),
    sampleOf({ from: 0, to: 2, size: 1 }, [...alone.slice(0, 2), 7], work),
    sampleOf({ from: 2, to: 4, size: 1 }, [3, ...alone.slice(2)], work),
    sampleOf({ from: 0, to: 4, size: 2 }, [3.25, 10.25], work),
  ];
  const clock = { toHost: Number, uncertainty: 0, passCost: 9 };
  const { parts, wall, passCost, dispatches } = timelineOf(samples, work, clock);
  expect(passCost).toBeCloseTo(0.25, 9);
  expect(dispatches.map(({ begin, end }) => end - begin)).toEqual(
    [1, 2, 3, 7].map((ms) => expect.closeTo(ms, 9)),
  );
  expect(wall).toBeCloseTo(11.75, 9);
  expect(Object.fromEntries(parts.map(({ name, ms }) => [name, ms]))).toEqual({
    start: 0.1,
    write: 0.1,
    encode: 0.3,
    submit: 0.25,
    queue: 0.25,
    dispatches: expect.closeTo(13, 9),
    gaps: 0,
    timing: expect.closeTo(0.25, 9),
    notice: 0.5,
  });
});
