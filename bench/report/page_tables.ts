/** What the report says in tables and tooltips. */

import type { Header, HostRow } from '../rows.ts';
import { grouped, type Indexed, type Match, matches, ratio, shapeOf } from './cases.ts';
import { aboveRoof } from './doubts.ts';
import { column, figure, geometricMean, percent, size, time } from './figures.ts';
import { html, type Markup, type Part } from './markup.ts';

/** A column: its heading, what to sort by, and what to show where that differs. */
interface Column<T> {
  readonly heading: string;
  readonly value: (row: T) => string | number;
  readonly show?: (row: T) => Part;
  /** A class of page.css. */
  readonly kind?: string;
}

/** Numbers of one column, with as many decimals as its smallest needs, or that of `like`. */
function numbers<T>(
  rows: readonly T[],
  heading: string,
  value: (row: T) => number,
  like = value,
): Column<T> {
  const show = column(rows.map(like));
  return { heading, value, show: (row) => show(value(row)) };
}

function table<T>(columns: readonly Column<T>[], rows: readonly T[], id?: string): Markup {
  const cell = (row: T, { value, show, kind }: Column<T>) => {
    const key = value(row);
    const shown = show ? show(row) : key;
    if (typeof key === 'string') return html`<td class="${kind ?? ''}">${shown}</td>`;
    return html`<td class="number ${kind ?? ''}" data-value="${String(key)}">${shown}</td>`;
  };
  const head = columns.map(({ heading, value }) => {
    const numeric = rows[0] !== undefined && typeof value(rows[0]) === 'number';
    const label = id ? html`<button type="button">${heading}</button>` : heading;
    return html`<th scope="col" class="${numeric ? 'number' : ''}">${label}</th>`;
  });
  return html`<table${id ? html` id="${id}"` : false}>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${columns.map((c) => cell(row, c))}</tr>\n`)}</tbody>
</table>`;
}

export const rowsTable = (rows: readonly Indexed[]): Markup =>
  table<Indexed>(
    [
      { heading: 'engine', value: ({ engine }) => engine },
      { heading: 'family', value: ({ family }) => family },
      { heading: 'case', value: ({ name }) => name },
      { heading: 'pass', value: ({ pass }) => pass },
      { heading: 'shape', value: shapeOf },
      { heading: 'type', value: ({ dtype }) => dtype },
      { heading: 'variant', value: ({ variant }) => variant },
      numbers(rows, 'median ms', ({ median_ms }) => median_ms),
      numbers(
        rows,
        'spread ms',
        ({ spread_ms }) => spread_ms,
        ({ median_ms }) => median_ms,
      ),
      { heading: 'samples', value: ({ count }) => count },
      numbers(rows, 'GFLOP/s', ({ gflops }) => gflops),
      numbers(rows, 'GB/s', ({ gbps }) => gbps),
      {
        heading: 'roofline',
        value: ({ roofline_percent }) => roofline_percent,
        show: (row) =>
          row.above_roof
            ? html`<strong class="bad">! ${percent(row.roofline_percent)}</strong>`
            : percent(row.roofline_percent),
      },
      { heading: 'bound by', value: ({ bound }) => bound },
      { heading: 'agrees', value: ({ error }) => error, show: agreement, kind: 'agrees' },
      numbers(rows, 'compile ms', ({ compile_ms }) => compile_ms ?? Number.NaN),
      numbers(rows, 'first ms', ({ first_ms }) => first_ms),
      { heading: 'dispatches', value: ({ dispatches }) => dispatches },
      { heading: 'files', value: ({ files }) => files.join(', '), kind: 'files' },
    ],
    rows,
    'rows',
  );

const agreement = ({ agrees, error }: Indexed) =>
  agrees
    ? html`<span class="good">✓</span> ${figure(error)}`
    : html`<strong class="bad">✗ ${figure(error)}</strong>`;

export const hostTable = (rows: readonly HostRow[]): Markup =>
  table<HostRow>(
    [
      { heading: 'what', value: ({ name }) => name },
      numbers(rows, 'median ms', ({ median_ms }) => median_ms),
      numbers(
        rows,
        'spread ms',
        ({ spread_ms }) => spread_ms,
        ({ median_ms }) => median_ms,
      ),
      { heading: 'samples', value: ({ count }) => count },
    ],
    rows,
  );

export const bandwidthTable = ({ bandwidth }: Header): Markup =>
  table(
    [
      {
        heading: 'working set',
        value: ({ bytes }) => bytes,
        show: ({ bytes }) => size(bytes),
      },
      numbers(bandwidth, 'GB/s', ({ gbps }) => gbps),
      { heading: 'best kernel', value: ({ kernel }) => kernel },
    ],
    bandwidth,
  );

/** How many times as long each peer took, over the cases that both did right. */
export function peersTable(rows: readonly Indexed[]): Markup {
  const compared = matches(rows).flatMap((match: Match) =>
    match.peers.map((peer) => ({ peer: peer.engine, row: peer, times: ratio(match, peer) })),
  );
  const peers = grouped(
    compared.filter(({ times }) => Number.isFinite(times)),
    ({ peer }) => peer,
  );
  const times = (of: (times: readonly number[]) => number) => (peer: typeof compared) =>
    of(peer.map(({ times }) => times));
  const ratios = (heading: string, of: (times: readonly number[]) => number) => ({
    ...numbers(peers, heading, times(of)),
    show: (peer: typeof compared) => `${figure(times(of)(peer))}×`,
  });
  return table(
    [
      { heading: 'peer', value: ([first]) => first!.peer },
      { heading: 'cases', value: ({ length }) => length },
      ratios('geometric mean', geometricMean),
      ratios('least', (times) => Math.min(...times)),
      ratios('most', (times) => Math.max(...times)),
    ],
    peers,
  );
}

/** All that is known of a row, for the tooltips of the charts. */
export function tooltip(row: Indexed): Markup {
  const facts: readonly (readonly [string, Part])[] = [
    ['variant', row.variant],
    ['time', `${time(row.median_ms)} ± ${time(row.spread_ms / 2)}, ${row.count} samples`],
    ['rate', `${figure(row.gflops)} GFLOP/s, ${figure(row.gbps)} GB/s`],
    ['roofline', `${percent(row.roofline_percent)}, bound by ${row.bound}`],
    ...(row.above_roof ? [['beware', aboveRoof(row)] as const] : []),
    ['roofs', `${figure(row.roof_gflops)} GFLOP/s, ${figure(row.roof_gbps)} GB/s`],
    ['work', `${figure(row.flops / 1e6)} Mflop, ${size(row.bytes)}`],
    ['agrees', agreement(row)],
    ...(row.compile_ms === null ? [] : [['compile', time(row.compile_ms)] as const]),
    ['first output', time(row.first_ms)],
    ['dispatches', row.dispatches],
    ['files', row.files.join(', ')],
  ];
  const name = [row.family, row.name, row.pass, shapeOf(row), row.dtype].filter(Boolean).join(' ');
  return html`<div class="tooltip"><strong>${name}</strong><span>${row.engine}</span>
<dl>${facts.map(([term, fact]) => fact !== '' && html`<dt>${term}</dt><dd>${fact}</dd>`)}</dl></div>`;
}
