/** Which changes of times a comparison shows, and which it takes for noise or for a drift of the machine. */

import { describe, expect, test } from 'vitest';
import { compareResults, type RowChange, showComparison } from '../../bench/compare.ts';
import type { Results } from '../../bench/rows.ts';
import { medianInterval, type Verdict } from '../../bench/statistics.ts';
import { results, row } from './synthetic.ts';

const share = (rows: readonly RowChange[], verdict: Verdict) =>
  rows.filter((row) => row.verdict === verdict).length / rows.length;

describe('noise as on a shared machine', () => {
  // A fifth of the rows is changed.
  const changed = Object.fromEntries(
    [0, 5, 10, 15].flatMap((i) => [
      [i, 1.1],
      [i + 1, 1 / 1.1],
    ]),
  );
  const truth = ({ a }: RowChange) => changed[a.shape[0]!] ?? 1;
  const compared = [2, 4, 6, 8, 10, 12, 14, 16].map((seed) =>
    compareResults(results({ seed }), results({ seed: seed + 1, changed })),
  );
  const all = compared.flatMap(({ rows }) => rows);
  const same = all.filter((row) => truth(row) === 1);
  const slowed = all.filter((row) => truth(row) > 1);
  const quickened = all.filter((row) => truth(row) < 1);

  test('no difference is shown for at least 95 % of what is the same', () => {
    expect(share(same, 'no difference shown')).toBeGreaterThanOrEqual(0.95);
  });

  test('nearly all changes of 10 % are found', () => {
    expect(share(slowed, 'slower')).toBeGreaterThanOrEqual(0.9);
    expect(share(quickened, 'faster')).toBeGreaterThanOrEqual(0.9);
  });

  test('none is called by the opposite name', () => {
    expect(share(slowed, 'faster')).toBe(0);
    expect(share(quickened, 'slower')).toBe(0);
  });

  test('about 95 % of the intervals contain the true ratio', () => {
    const hits = all.filter((row) => row.low <= truth(row) && truth(row) <= row.high);
    expect(hits.length / all.length).toBeGreaterThan(0.9);
  });

  test('slower rows are counted, and the comparison fails by them', () => {
    const { slower, rows, failed } = compared[0]!;
    expect(slower).toBe(rows.filter(({ verdict }) => verdict === 'slower').length);
    expect(failed).toBe(true);
  });
});

test('the other way round all is inverse', () => {
  const changed = { 0: 1.1, 1: 1 / 1.1, 2: 1.05, 3: 1.07 };
  const [a, b] = [results({ seed: 2, rows: 12 }), results({ seed: 3, rows: 12, changed })];
  const inverse: Partial<Record<Verdict, Verdict>> = { faster: 'slower', slower: 'faster' };
  const back = compareResults(b, a).rows;
  compareResults(a, b).rows.forEach(({ ratio, low, high, verdict }, i) => {
    expect(back[i]!.verdict).toBe(inverse[verdict] ?? verdict);
    expect(back[i]!.ratio).toBeCloseTo(1 / ratio, 12);
    expect(back[i]!.low).toBeCloseTo(1 / high, 12);
    expect(back[i]!.high).toBeCloseTo(1 / low, 12);
  });
});

test('the same files give the same comparison', () => {
  const [a, b] = [results({ seed: 2, rows: 4 }), results({ seed: 3, rows: 4 })];
  expect(compareResults(a, b)).toEqual(compareResults(a, b));
});

test('too few samples show nothing', () => {
  const a: Results = { ...results(), rows: [row(0, [[1, 1.01]])] };
  const b: Results = { ...results(), rows: [row(0, [[2, 2.01]]), row(1, [[1, 1]])] };
  const c = compareResults(a, b);
  expect(c.rows.map(({ verdict }) => verdict)).toEqual(['too few samples']);
  expect(showComparison(c)).toContain('0 no difference shown, 1 too few samples.');
  // A gate does not open on what shows nothing.
  expect(c.failed).toBe(true);
});

describe('whole runs that drift', () => {
  const a = results({ seed: 2 });

  test('a slower machine, which the roofs show too, is taken out', () => {
    const c = compareResults(a, results({ seed: 3, machine: 1.12, changed: { 7: 1.12 } }));
    for (const { removed } of c.drifts) expect(removed).toBeCloseTo(1.12, 1);
    expect(share(c.rows, 'no difference shown')).toBeGreaterThanOrEqual(0.95);
    expect(c.rows[7]!.verdict).toBe('slower');
    expect(showComparison(c)).toMatch(
      /memory-bound rows: together 1\.1\dx slower.* taken out of b/,
    );
  });

  test('a faster machine does not hide a slower kernel', () => {
    const c = compareResults(a, results({ seed: 3, machine: 0.88, changed: { 7: 1.12 } }));
    expect(c.rows[7]!.verdict).toBe('slower');
    expect(share(c.rows, 'no difference shown')).toBeGreaterThanOrEqual(0.95);
  });

  test('a change of the code that moves all rows is found, since the roofs stay', () => {
    const c = compareResults(a, results({ seed: 3, code: 1.12 }));
    for (const { removed, times } of c.drifts) {
      expect(removed).toBe(1);
      expect(times).toBeCloseTo(1.12, 1);
    }
    expect(share(c.rows, 'slower')).toBeGreaterThanOrEqual(0.9);
    expect(showComparison(c)).toContain('not the machine but the code or the driver');
  });

  test.each([1.2, 1 / 1.2])('roofs alone that move by %f make no row faster or slower', (roofs) => {
    const c = compareResults(a, results({ seed: 3, roofs }));
    expect(share(c.rows, 'no difference shown')).toBeGreaterThanOrEqual(0.95);
  });

  test('no more is taken out than the rows show', () => {
    const c = compareResults(a, results({ seed: 3, machine: 1.1, roofs: 1.1 }));
    for (const { removed } of c.drifts) expect(removed).toBeCloseTo(1.1, 1);
  });

  test('of a machine that moved far, or of another one, nothing is taken out', () => {
    const far = compareResults(a, results({ seed: 3, machine: 2 }));
    for (const { removed } of far.drifts) expect(removed).toBe(1);
    expect(share(far.rows, 'slower')).toBeGreaterThanOrEqual(0.9);
    expect(showComparison(far)).toContain('Measure both again');
    const b = results({ seed: 3, machine: 1.12 });
    const other = { ...b, header: { ...b.header, threads: 64 } };
    for (const { removed } of compareResults(a, other).drifts) expect(removed).toBe(1);
  });
});

test('the interval of a median is that of published tables', () => {
  // Ranks 40 and 61 of 100, 18 and 33 of 50, 1 and 6 of 6.
  for (const [count, low, high] of [
    [100, 40, 61],
    [50, 18, 33],
    [6, 1, 6],
  ] as const) {
    const ranks = Array.from({ length: count }, (_, i) => count - i);
    expect(medianInterval(ranks)).toEqual([low, high]);
  }
});
