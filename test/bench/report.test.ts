import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeReport } from '../../bench/report/html.ts';
import { showResults } from '../../bench/report/table.ts';
import { FORMAT, type Header, type Results, type Row } from '../../bench/rows.ts';
import { elementsOf } from './parse_html.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header: Header = {
  format: FORMAT,
  version: '1.2.3',
  date: '2026-01-31T10:20:30.000Z',
  node: 'v20.0.0',
  cpu: 'a CPU',
  threads: 2,
  adapter: { kind: 'lavapipe', name: 'an adapter', driver: 'a driver' },
  timestamp_quantum_ns: 52.08,
  copy_gbps: 8.25,
  bandwidth: [
    { bytes: 1 << 20, gbps: 16.5, kernel: 'copy, 64 threads' },
    { bytes: 1 << 26, gbps: 8.25, kernel: 'triad, 128 threads' },
  ],
  fma_gflops_f32: 110,
  fma_gflops_f16: null,
  roofs_again: [],
  encode_us: 2.5,
  dispatch_us: 17.2,
  seconds: 213.7,
};

/** 4 MB and 2 Mflop in 2 ms: 2 GB/s and 1 GFLOP/s, a quarter of the roof of 8 GB/s. */
const row = (other: Partial<Row> = {}): Row => ({
  engine: 'kinegrad',
  family: 'softmax',
  name: '',
  pass: 'forward',
  shape: [1000, 500],
  dtype: 'f32',
  variant: 'rows',
  chosen: true,
  median_ms: 2,
  spread_ms: 0.1,
  count: 3,
  rounds_ms: [[1.9, 2, 2.1]],
  bytes: 4e6,
  flops: 2e6,
  gflops: 1,
  gbps: 2,
  roof_gbps: 8,
  roof_gflops: 110,
  bound: 'memory',
  roofline_percent: 25,
  above_roof: false,
  agrees: true,
  error: 1.5e-7,
  compile_ms: 31,
  first_ms: 47,
  files: ['softmax.wgsl', 'lib/reduce.wgsl'],
  dispatches: 1,
  ...other,
});

const results = (rows: readonly Row[], other: Partial<Results> = {}): Results => ({
  header,
  rows,
  host: [],
  failures: [],
  ...other,
});

let count = 0;
async function written(results: Results) {
  const file = join(folder, `${count++}.html`);
  await writeReport(file, results);
  const page = readFileSync(file, 'utf8');
  const elements = elementsOf(page);
  const named = (name: string) => elements.filter((element) => element.name === name);
  const byId = (id: string) => elements.find(({ attributes }) => attributes.id === id);
  return { page, elements, named, byId, data: (id: string) => JSON.parse(byId(id)!.text) };
}

type Written = Awaited<ReturnType<typeof written>>;

/** What the bars of a chart show: text to the left, length, text to the right. */
function bars({ data, elements }: Written, description: string) {
  const canvas = elements.find(({ attributes }) =>
    attributes['data-description']?.startsWith(description),
  )!;
  const { yAxis, series } = data('charts')[Number(canvas.attributes.id!.replace('chart-', ''))];
  return series[0].data.map(({ value }: { value: number }, i: number) => [
    yAxis[0].data[i],
    value,
    yAxis[1].data[i],
  ]);
}

test('nothing is loaded from anywhere', async () => {
  const { elements, named } = await written(results([row()]));
  for (const { name, attributes } of elements) {
    expect(['link', 'img', 'iframe', 'object', 'embed', 'base']).not.toContain(name);
    expect(Object.keys(attributes)).not.toContain('src');
    // Links within the page only, and to targets that are there.
    if (attributes.href?.startsWith('#'))
      expect(elements.map(({ attributes }) => attributes.id)).toContain(attributes.href.slice(1));
    else expect(attributes.href).toBeUndefined();
  }
  for (const { text } of named('style')) expect(text).not.toMatch(/@import|url\(|https?:/);
  const policy = named('meta').find(({ attributes }) => attributes['http-equiv'])!;
  expect(policy.attributes.content).toMatch(/^default-src 'none'/);
  expect(policy.attributes.content).not.toMatch(/https?:|\*|'self'/);
});

test('the results are in it whole, and each row is in the table', async () => {
  const given = results([row(), row({ variant: 'columns', median_ms: 1 })]);
  const { data, byId, named } = await written(given);
  expect(data('results')).toEqual(given);
  expect(byId('rows')!.text).toContain('columns');
  expect(named('tr').filter(({ text }) => text.includes('softmax'))).toHaveLength(2);
});

test('the header says what was measured, where and when', async () => {
  const { named, elements } = await written(results([row()]));
  const [head] = named('header');
  for (const text of ['an adapter', 'a driver', 'a CPU, 2 threads', 'Node 20.0.0', '1.2.3'])
    expect(head!.text).toContain(text);
  expect(head!.text).toContain('2026-01-31 10:20 UTC');
  expect(head!.text).toContain('3 min 34 s');
  const tiles = elements.find(({ attributes }) => attributes.class === 'tiles')!;
  for (const text of ['8.25 GB/s', '110 GFLOP/s', 'no shader-f16', '17.2 µs', '52.1 ns'])
    expect(tiles.text).toContain(text);
});

test('names are text, whatever they hold', async () => {
  const hostile = `</script><script>alert("1")</script><!--<script>'&amp;`;
  const { data, named, page, byId } = await written(
    results(
      [
        row({
          engine: hostile,
          family: hostile,
          name: hostile,
          variant: hostile,
          files: [hostile],
        }),
        row({ family: hostile, name: hostile, variant: hostile }),
        row({ family: hostile, name: hostile, agrees: false }),
      ],
      {
        header: { ...header, cpu: hostile, adapter: { ...header.adapter, name: hostile } },
        host: [{ name: hostile, median_ms: 1, spread_ms: 0, count: 1, rounds_ms: [[1]] }],
        failures: [{ engine: hostile, what: hostile, why: hostile, expected: false }],
      },
    ),
  );
  // Three of data, the library, and what draws the charts.
  expect(named('script')).toHaveLength(5);
  expect(page).not.toContain('<script>alert');
  expect(data('results').rows[0].family).toBe(hostile);
  expect(byId('rows')!.text).toContain(hostile);
  // Tooltips are HTML: what is a name in them is escaped in them.
  for (const tooltip of data('tooltips')) {
    expect(tooltip).toContain('&lt;/script&gt;');
    elementsOf(tooltip);
    expect(tooltip).not.toContain('<script');
  }
});

test('failures come first, those that were expected last', async () => {
  const { elements, byId } = await written(
    results([row(), row({ family: 'matmul', agrees: false, error: 0.25 })], {
      failures: [
        { engine: 'kinegrad', what: 'conv 3x3', why: 'device was lost', expected: false },
        { engine: 'a peer', what: 'attention', why: 'no such op', expected: true },
      ],
    }),
  );
  const { text } = elements.find(({ attributes }) => attributes.role === 'alert')!;
  expect(text).toContain('1 failure, 1 row with a wrong result');
  expect(text).toContain('conv 3x3 device was lost');
  expect(text).toContain('differs by 0.250 of the largest value');
  expect(text).not.toContain('attention');
  expect(byId('unmeasured')!.text).toContain('a peer: attention no such op');
});

test('rows above their roofs are marked wherever they are, and roofs that were disturbed are named', async () => {
  const over = results([row(), row({ shape: [7, 9], roofline_percent: 131.4, above_roof: true })], {
    header: {
      ...header,
      roofs_again: [
        { roof: 'memory at 1 MiB', beside: 8, again: 12 },
        { roof: 'arithmetic in f32', beside: 50, again: 49 },
      ],
    },
  });
  const page = await written(over);
  const section = page.elements.find(({ attributes }) => attributes.class === 'doubts')!;
  expect(section.text).toContain('kinegrad | softmax | forward | 7,9 | f32 131 % of its roof');
  expect(section.text).toMatch(/memory at 1 MiB .*: 8.00 beside them, 12.0 .* been disturbed/s);
  expect(section.text).toMatch(/arithmetic in f32 .*: 50.0 beside them, 49.0 .* It stands/s);
  expect(bars(page, 'Percent of the attainable roofline')[0][2]).toBe('! 131 %');
  expect(page.byId('rows')!.text).toContain('! 131 %');
  expect(page.data('tooltips')[1]).toContain('131 % of its roof');
  const text = showResults(over);
  expect(text).toMatch(/7 x 9 .* ! 131 % m/);
  expect(text).toMatch(/1000 x 500 .* 25 % m/);
  expect(text.split('\n').filter((line) => line.startsWith('! '))).toHaveLength(3);
});

test('a run without failures says nothing of them, nor of what it did not measure', async () => {
  const { elements, byId } = await written(results([row()]));
  expect(elements.filter(({ attributes }) => attributes.role === 'alert')).toEqual([]);
  expect(elements.filter(({ attributes }) => attributes.class === 'doubts')).toEqual([]);
  expect(['roofline', 'kernels', 'all'].filter((id) => !byId(id))).toEqual([]);
  expect(['engines', 'variants', 'host', 'unmeasured'].filter(byId)).toEqual([]);
  const empty = await written(results([]));
  expect(['roofline', 'kernels', 'all', 'engines'].filter(empty.byId)).toEqual([]);
});

test('bars show percent of the roofline, best first', async () => {
  const page = await written(
    results([row(), row({ shape: [7, 9], roofline_percent: 81.4 }), row({ engine: 'a peer' })]),
  );
  expect(bars(page, 'Percent of the attainable roofline')).toEqual([
    ['7×9', 81.4, '81 %'],
    ['1000×500', 25, '25 %'],
  ]);
});

test('variants keep the order of their ladder', async () => {
  const page = await written(
    results([row({ variant: 'naive' }), row({ variant: 'tile', median_ms: 0.5, gbps: 8 })]),
  );
  expect(bars(page, 'Variants of softmax')).toEqual([
    ['naive', 2, '2.00   1.00×'],
    ['tile', 8, '8.00   4.00×'],
  ]);
});

test('peers are compared with our fastest, and only where both are right', async () => {
  const [small, large, odd] = [[8], [64], [5]];
  const page = await written(
    results([
      row({ shape: small, median_ms: 3, variant: 'slow' }),
      row({ shape: small, median_ms: 1 }),
      row({ shape: small, median_ms: 2, engine: 'a peer' }),
      row({ shape: large, median_ms: 2 }),
      row({ shape: large, median_ms: 16, engine: 'a peer' }),
      row({ shape: odd, median_ms: 1 }),
      row({ shape: odd, median_ms: 9, engine: 'a peer', agrees: false }),
    ]),
  );
  expect(bars(page, 'Time on each engine')).toEqual([
    ['{heading|8}', '-', ''],
    ['kinegrad', 1, '1.00 ms   1.00×'],
    ['a peer', 2, '2.00 ms   2.00×'],
    ['{heading|64}', '-', ''],
    ['kinegrad', 2, '2.00 ms   1.00×'],
    ['a peer', 16, '16.0 ms   8.00×'],
    ['{heading|5}', '-', ''],
    ['kinegrad', 1, '1.00 ms   1.00×'],
    ['a peer', 9, '9.00 ms   wrong'],
  ]);
  // The geometric mean of 2 and 8.
  expect(page.byId('engines')!.text.replace(/\s+/g, '')).toContain('apeer24.00×2.00×8.00×');
});

test('every point of the roofline chart is below its roofs, at its intensity', async () => {
  const page = await written(results([row(), row({ flops: 0, gflops: 0 })]));
  const [{ series, xAxis, yAxis }] = page.data('charts');
  expect(series[1].data.map(({ value }: { value: number[] }) => value)).toEqual([[0.5, 1]]);
  for (const [from, to] of series[0].markLine.data) {
    for (const [x, y] of [from.coord, to.coord]) {
      expect(x).toBeGreaterThanOrEqual(xAxis.min);
      expect(x).toBeLessThanOrEqual(xAxis.max);
      expect(y).toBeGreaterThanOrEqual(yAxis.min * (1 - 1e-9));
      expect(y).toBeLessThanOrEqual(yAxis.max);
    }
  }
  // Memory roofs end where they meet the compute roof: at 110 GFLOP/s over 16.5 and 8.25 GB/s.
  const ends = series[0].markLine.data.map(([, to]: { coord: number[] }[]) => to!.coord);
  expect(ends.slice(0, 2)).toEqual([
    [110 / 16.5, 110],
    [110 / 8.25, 110],
  ]);
  expect(page.byId('roofline')!.text).toContain('1 row without arithmetic is not shown');
});

test('figures that are none are dashes', async () => {
  const broken = row({ error: Number.NaN, agrees: false, compile_ms: Number.NaN });
  const { page, elements } = await written(results([broken]));
  expect(page.slice(page.indexOf('<body>'), page.indexOf('<script'))).not.toMatch(/>[^<]*NaN/);
  const alert = elements.find(({ attributes }) => attributes.role === 'alert')!;
  expect(alert.text).toContain('has values that are no numbers');
});

test('a file that cannot be written is named', async () => {
  const file = join(folder, 'missing', 'report.html');
  await expect(writeReport(file, results([row()]))).rejects.toThrow(`${file} cannot be written`);
});
