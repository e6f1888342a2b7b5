/** What a comparison takes for the same case, and what it says of what it cannot compare. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareResults, describeChange, showComparison } from '../../bench/compare.ts';
import { type HostRow, REFERENCE, type Results, readResults } from '../../bench/rows.ts';
import { header, results, row } from './synthetic.ts';

describe('variants', () => {
  const [a, b] = [
    results({ seed: 2, rows: 4 }),
    results({ seed: 3, rows: 4, changed: { 1: 1.5 } }),
  ];
  const as = (results: Results, chosen: boolean, variant: string): Results => ({
    ...results,
    rows: results.rows.map((row) => ({ ...row, chosen, variant })),
  });

  test('a case is compared whatever the engine chose, and another choice is said', () => {
    const c = compareResults(a, as(b, true, 'registers'));
    expect([c.onlyA, c.onlyB]).toEqual([[], []]);
    expect(c.rows[1]!.verdict).toBe('slower');
    expect(showComparison(c)).toMatch(/1,512,512 .* slower, by registers instead of subgroup8/);
    expect(showComparison(compareResults(a, b))).not.toContain('instead of');
    expect(describeChange(a.rows[1]!, as(b, true, 'row').rows[1]!)).toContain(
      'by row instead of subgroup8',
    );
  });

  test('variants that were asked for are compared with themselves', () => {
    const [naive, tile] = [as(a, false, 'naive'), as(b, false, 'tile')];
    expect(compareResults(naive, tile).onlyA[0]).toContain('| f32 | naive');
    const both = { ...a, rows: [...naive.rows, ...tile.rows] };
    const c = compareResults(both, both);
    expect(c.rows).toHaveLength(8);
    expect(c).toMatchObject({ onlyA: [], onlyB: [], slower: 0 });
  });
});

describe('host code', () => {
  const timed = (name: string, factor: number): HostRow => {
    const rounds = [1, 1.05, 0.97, 1.02].map((r) => [1, 1.1, 0.95].map((t) => r * t * factor));
    return { name, median_ms: factor, spread_ms: 0.1, count: 12, rounds_ms: rounds };
  };
  const base = results({ rows: 2 });
  const run = (...host: HostRow[]): Results => ({ ...base, host });

  test('is judged by a margin of its own, and fails the comparison where it is slower', () => {
    const c = compareResults(run(timed('plan', 1)), run(timed('plan', 2)));
    expect(c.host).toMatchObject([{ name: 'host | plan', verdict: 'slower' }]);
    expect(c).toMatchObject({ slower: 1, failed: true });
    expect(showComparison(c)).toMatch(/host \| plan .* 2\.000 .* slower/);
    const same = compareResults(run(timed('plan', 1)), run(timed('plan', 1.05)));
    expect(same.host[0]!.verdict).toBe('no difference shown');
    expect(same.failed).toBe(false);
  });

  test('is not judged where what does not change took another time, too', () => {
    const busy = run(timed('plan', 2), timed(REFERENCE, 1.4));
    const c = compareResults(run(timed('plan', 1), timed(REFERENCE, 1)), busy);
    expect(c).toMatchObject({ host: [], slower: 0, failed: false });
    expect(showComparison(c)).toContain(
      'Not judged: host | plan: the host itself was 1.40x slower. Measure both again',
    );
    // A quiet one is judged, and the reference is no code of ours.
    const quiet = run(timed('plan', 2), timed(REFERENCE, 1.05));
    const judged = compareResults(run(timed('plan', 1), timed(REFERENCE, 1)), quiet);
    expect(judged.host.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['host | plan', 'slower'],
    ]);
  });

  test('of one file is listed', () => {
    const c = compareResults(run(timed('plan', 1)), run(timed('encode', 1)));
    expect([c.onlyA, c.onlyB]).toEqual([['host | plan'], ['host | encode']]);
  });
});

describe('what is not in both', () => {
  const a = results({ seed: 2, rows: 4 });
  const b = results({ seed: 2, rows: 4 });
  const [first, ...others] = b.rows;

  test('a gate does not open on files that have no row in common', () => {
    const none = compareResults({ ...a, rows: [] }, b);
    expect(none.failed).toBe(true);
    expect(compareResults(a, b).failed).toBe(false);
  });

  test('rows of one file are listed', () => {
    const c = compareResults(a, { ...b, rows: [...others, row(99, [[1, 1, 1, 1, 1]])] });
    const name = (i: number) => `kinegrad | matmul | forward | ${i},512,512 | f32`;
    expect(c.onlyA).toEqual([name(0)]);
    expect(c.onlyB).toEqual([name(99)]);
    expect(c.rows.map((row) => row.name)).toEqual([name(1), name(2), name(3)]);
    expect(c.failed).toBe(false);
    const text = showComparison(c);
    expect(text).toContain(`Only in a: ${name(0)}`);
    expect(text).toContain(`Only in b: ${name(99)}`);
  });

  const wrong = [{ ...first!, agrees: false, error: 0.5 }, ...others];

  test('an output that no longer agrees fails, and its time is not judged', () => {
    const c = compareResults(a, { ...b, rows: wrong });
    expect(c).toMatchObject({ failed: true, slower: 0 });
    expect(c.broken[0]).toContain('0,512,512');
    expect(c.rows).toHaveLength(3);
    expect(showComparison(c)).toContain('BROKEN in b: kinegrad | matmul');
  });

  test('one that agreed in neither, or agrees again, does not fail', () => {
    for (const rows of [wrong, b.rows]) {
      const c = compareResults({ ...a, rows: wrong }, { ...b, rows });
      expect(c).toMatchObject({ failed: false, broken: [] });
      expect(c.unjudged).toHaveLength(1);
    }
  });

  const failure = { engine: 'kinegrad', what: 'conv', why: 'no such file', expected: false };

  test('a failure fails when it is new and not expected', () => {
    const failing = { ...b, failures: [failure] };
    expect(compareResults(a, failing)).toMatchObject({
      failed: true,
      broken: ['kinegrad | conv: no such file'],
    });
    expect(compareResults({ ...a, failures: [failure] }, failing).failed).toBe(false);
    const expected = { ...b, failures: [{ ...failure, expected: true }] };
    expect(compareResults(a, expected).failed).toBe(false);
  });

  test('a slower peer is shown and fails nothing', () => {
    const peer = (time: number): Results => ({
      ...a,
      rows: [{ ...row(0, [Array(9).fill(time), Array(9).fill(time)]), engine: 'PyTorch' }],
    });
    const c = compareResults(peer(1), peer(2));
    expect(c.rows[0]!.verdict).toBe('slower');
    expect(c).toMatchObject({ slower: 0, failed: false });
  });

  test('two rows of one name are an error that names it', () => {
    const twice = { ...b, rows: [...b.rows, first!] };
    expect(() => compareResults(a, twice)).toThrow(/the second file has two rows '.*0,512,512/);
  });
});

test('another adapter, driver, processor or clock is warned of', () => {
  const a = results({ rows: 2 });
  const b = results({ rows: 2 });
  expect(compareResults(a, b).warnings).toEqual([]);
  const adapter = { kind: 'swiftshader', name: 'SwiftShader', driver: '5.0' } as const;
  const other = { ...header, adapter, threads: 8, timestamp_quantum_ns: null };
  const { warnings } = compareResults(a, { ...b, header: other });
  expect(warnings).toHaveLength(4);
  expect(warnings[0]).toMatch(/^WARNING: another adapter: a llvmpipe .*, b SwiftShader/);
  expect(warnings[1]).toMatch(/another driver: a Mesa 25.0, b 5.0/);
  expect(warnings[2]).toMatch(/2 threads.* 8 threads/);
  expect(warnings[3]).toMatch(/GPU's clock, b the host's clock/);
});

test('a change is described in one line', () => {
  const times = (factor: number) =>
    row(512, Array(5).fill([1, 1.01, 0.99, 1.02, 0.98].map((t) => t * factor)));
  const name = 'matmul 512,512,512';
  expect(describeChange(times(1.12), times(1))).toMatch(
    new RegExp(`^${name}: 1\\.12x faster than before \\(1\\.\\d\\d to 1\\.1\\d\\)$`),
  );
  expect(describeChange(times(1), times(1.12))).toMatch(
    new RegExp(`^${name}: 1\\.12x slower than before \\(1\\.\\d\\d to 1\\.1\\d\\)$`),
  );
  expect(describeChange(times(1), times(1))).toMatch(
    new RegExp(`^${name}: no difference shown, 1\\.00x the time before \\(`),
  );
  expect(describeChange(times(1), { ...times(1), agrees: false, error: 3 })).toBe(
    `${name}: its output does not agree, error 3`,
  );
});

describe('files', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'kinegrad-'))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  test('results are read as they were written', () => {
    const a = results({ rows: 2 });
    expect(readResults(written('a.json', JSON.stringify(a)))).toEqual(a);
  });

  test('of a file of before, what it does not say is found out', () => {
    const { header, rows } = results({ rows: 2 });
    const older = {
      header: { ...header, roofs_again: undefined },
      // One case by the engine's choice, the other by two variants.
      rows: [rows[0]!, rows[1]!, { ...rows[1]!, variant: 'naive' }].map((row) => ({
        ...row,
        chosen: undefined,
        above_roof: undefined,
      })),
      host: [{ name: 'plan', median_ms: 1, spread_ms: 0, count: 9 }],
      failures: [],
    };
    const read = readResults(written('older.json', JSON.stringify(older)));
    expect(read.rows.map(({ chosen }) => chosen)).toEqual([true, false, false]);
    expect(read.rows.map(({ above_roof }) => above_roof)).toEqual([false, false, false]);
    expect(read.host).toEqual([]);
    expect(compareResults(read, read)).toMatchObject({ onlyA: [], failed: false });
  });

  test.each([
    ['is missing', 'none.json', undefined, /none\.json cannot be read: ENOENT/],
    ['is no JSON', 'torn.json', '{"header": {', /torn\.json is no JSON/],
    ['is of no format', 'null.json', 'null', /null\.json is of format null.*--json/],
    ['is of another', 'old.json', '{"header":{"format":"x 0"}}', /old\.json is of format "x 0"/],
    ['has no rows', 'bare.json', JSON.stringify({ header }), /bare\.json is damaged/],
  ])('one that %s is named', (_, name, text, message) => {
    const file = text === undefined ? join(folder, name) : written(name, text);
    expect(() => readResults(file)).toThrow(message);
    expect(() => readResults(file)).toThrow(file);
  });
});
