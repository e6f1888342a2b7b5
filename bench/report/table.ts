/** The results as text for a terminal. */

import type { Failure, Header, HostRow, Results, Row } from '../rows.ts';
import { doubts } from './doubts.ts';
import { plainTable } from './plain_table.ts';

/** A number with three figures: 0.0123, 1.23, 12.3, 123, 1230. */
export function figures(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}

export function showHeader(header: Header): string {
  const { adapter, bandwidth, fma_gflops_f16: f16, timestamp_quantum_ns: quantum } = header;
  const sets = bandwidth.map(({ bytes, gbps }) => `${size(bytes)} ${figures(gbps)}`).join(', ');
  const lines: [string, string][] = [
    ['adapter', `${adapter.name} (${adapter.kind})`],
    ['driver', adapter.driver],
    ['host', `${header.cpu}, ${header.threads} threads, Node ${header.node}`],
    ['copy', `${figures(header.copy_gbps)} GB/s, by the best vec4 kernel`],
    ['bandwidth', `${sets} GB/s: the roof of memory at each working set`],
    [
      'FMA',
      `${figures(header.fma_gflops_f32)} GFLOP/s f32, ${f16 === null ? 'no f16' : `${figures(f16)} GFLOP/s f16`}`,
    ],
    [
      'dispatch',
      `${figures(header.encode_us)} us to encode, ${figures(header.dispatch_us)} us end to end`,
    ],
    [
      'clock',
      quantum === null
        ? 'of the host: the adapter has no timestamps, so kernels are repeated and divided'
        : `of the GPU, in steps of ${quantum} ns`,
    ],
  ];
  return lines.map(([name, text]) => `${name.padEnd(10)} ${text}`).join('\n');
}

/** The rows, a table for each family. */
export function showRows(rows: readonly Row[]): string {
  const families = [...new Set(rows.map(({ family }) => family))];
  return families
    .map((family) => {
      const own = rows.filter((row) => row.family === family);
      return `${family}\n${rowTable(own)}`;
    })
    .join('\n\n');
}

type Column = [head: string, cell: (row: Row) => string];

function rowTable(rows: readonly Row[]): string {
  const several = (key: 'engine' | 'dtype') => new Set(rows.map((row) => row[key])).size > 1;
  const texts: Column[] = [
    ['shape', (row) => row.shape.join(' x ')],
    ['pass', (row) => (row.name ? `${row.name}, ${row.pass}` : row.pass)],
    ['variant', (row) => row.variant],
  ];
  if (several('dtype')) texts.unshift(['type', (row) => row.dtype]);
  if (several('engine')) texts.unshift(['engine', (row) => row.engine]);
  const numbers: Column[] = [
    ['ms', (row) => figures(row.median_ms)],
    ['spread', (row) => `${((100 * row.spread_ms) / row.median_ms).toFixed(0)} %`],
    ['n', (row) => String(row.count)],
    ['GFLOP/s', (row) => figures(row.gflops)],
    ['GB/s', (row) => figures(row.gbps)],
    [
      'roofline',
      (row) => `${row.above_roof ? '! ' : ''}${row.roofline_percent.toFixed(0)} % ${row.bound[0]}`,
    ],
    ['compile ms', (row) => figures(row.compile_ms ?? Number.NaN)],
    ['first ms', (row) => figures(row.first_ms)],
  ];
  const columns = [...texts, ...numbers];
  return plainTable(
    columns.map(([head]) => head),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
    texts.length,
  );
}

export const showHost = (rows: readonly HostRow[]): string =>
  plainTable(
    ['on the host', 'ms', 'spread', 'n'],
    rows.map(({ name, median_ms, spread_ms, count }) => [
      name,
      figures(median_ms),
      `${((100 * spread_ms) / median_ms).toFixed(0)} %`,
      String(count),
    ]),
  );

export const showFailures = (failures: readonly Failure[]): string =>
  failures
    .map(({ engine, what, why, expected }) => {
      const who = engine === 'kinegrad' ? '' : `${engine}: `;
      return `${expected ? 'not measured' : 'FAILED'}: ${who}${what}: ${why}`;
    })
    .join('\n');

/** Everything, in the order in which one reads it. */
export const showResults = (results: Results): string =>
  [
    showRows(results.rows),
    results.host.length ? showHost(results.host) : '',
    doubts(results)
      .map(({ what, why }) => `! ${what}: ${why}`)
      .join('\n'),
    showFailures(results.failures),
  ]
    .filter(Boolean)
    .join('\n\n');

/** Bytes as people say them, in powers of two. */
function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const unit = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${figures(bytes / 1024 ** unit).replace(/\.0+$/, '')} ${units[unit]}`;
}
