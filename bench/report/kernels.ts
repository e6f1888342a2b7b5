/** The charts of bars: percent of the roofline, engines beside each other, variants and ladders. */

import type { Bar, BarList, Chart, Heading } from './bars.ts';
import { barList } from './bars.ts';
import { byCase, caseLabel, grouped, type Indexed, matches, OURS, ratio } from './cases.ts';
import { figure, median, percent, time } from './figures.ts';

/** A chart under its heading. */
export interface Titled {
  readonly title: string;
  readonly note: string;
  readonly chart: Chart;
}

const PEERS = ['var(--orange)', 'var(--green)', 'var(--purple)', 'var(--sky)', 'var(--red)'];

/** The engines of the rows and their colours, ours first. */
export function engineColours(rows: readonly Indexed[]): Map<string, string> {
  const names = [...new Set(rows.map(({ engine }) => engine))].filter((name) => name !== OURS);
  return new Map([
    [OURS, 'var(--blue)'],
    ...names.map((name, i) => [name, PEERS[i % PEERS.length]!] as const),
  ]);
}

export const BOUND_COLOURS = { memory: 'var(--blue)', compute: 'var(--orange)' } as const;

/** The fastest and the slowest quarter of the samples lie beyond these, in milliseconds. */
const ends = ({ median_ms, spread_ms }: Indexed) => [
  // A spread wider than twice the median would put the near end at or below zero.
  Math.max(median_ms - spread_ms / 2, median_ms / 100),
  median_ms + spread_ms / 2,
];

/** One family's rows of our own, best first. */
export function rooflinePercent(rows: readonly Indexed[], max: number): Titled {
  const variants = new Set(rows.map(({ variant }) => variant)).size > 1;
  const sorted = rows.toSorted((a, b) => b.roofline_percent - a.roofline_percent);
  const lines = sorted.map((row): Bar => {
    const [fast, slow] = ends(row).map((ms) => (row.roofline_percent * row.median_ms) / ms);
    return {
      label: [caseLabel(row), variants && row.variant].filter(Boolean).join(' · '),
      value: row.roofline_percent,
      low: slow!,
      high: Math.min(fast!, max),
      figure: `${row.above_roof ? '! ' : ''}${percent(row.roofline_percent)}`,
      colour: BOUND_COLOURS[row.bound],
      row: row.index,
      wrong: !row.agrees,
    };
  });
  const [first, last] = [lines[0]!, lines.at(-1)!];
  const middle = percent(median(rows.map(({ roofline_percent }) => roofline_percent)));
  const range =
    lines.length === 1
      ? `${first.label} reaches ${first.figure}`
      : `median ${middle}, from ${last.figure} (${last.label}) to ${first.figure} (${first.label})`;
  return {
    title: rows[0]!.family,
    note: lines.length > 1 ? `median ${middle}` : '',
    chart: chart(`Percent of the attainable roofline, ${rows[0]!.family}: ${range}.`, {
      lines,
      axis: { type: 'value', name: '%', min: 0, max, interval: 20 },
      mark: { at: 100, label: 'roof' },
    }),
  };
}

/** One family's cases that peers measured too: the time of each engine. */
export function engines(rows: readonly Indexed[], colours: Map<string, string>): Titled[] {
  const found = matches(rows);
  if (found.length === 0) return [];
  const times = found.flatMap(({ ours, peers }) => [ours, ...peers].flatMap(ends));
  // Half of the shortest, so that its bar has a length too.
  const axis = bounds([...times, Math.min(...times) / 2]);
  const lines = found.flatMap((match): (Bar | Heading)[] => [
    { heading: caseLabel(match.ours) },
    ...[match.ours, ...match.peers].map((row): Bar => {
      const [low, high] = ends(row);
      const claim = row.agrees ? multiple(ratio(match, row)) : 'wrong';
      return {
        label: row.engine,
        value: row.median_ms,
        low: low!,
        high: high!,
        figure: [time(row.median_ms), claim].filter(Boolean).join('   '),
        colour: colours.get(row.engine)!,
        row: row.index,
        wrong: !row.agrees,
      };
    }),
  ]);
  return [
    {
      title: rows[0]!.family,
      note: 'milliseconds, logarithmic',
      chart: chart(`Time on each engine, ${rows[0]!.family}: ${found.map(told).join('; ')}.`, {
        lines,
        axis: { type: 'log', name: 'ms', ...axis },
      }),
    },
  ];
}

const told = (match: ReturnType<typeof matches>[number]) =>
  [match.ours, ...match.peers].map((row) => `${row.engine} ${time(row.median_ms)}`).join(', ') +
  ` for ${caseLabel(match.ours)}`;

const multiple = (times: number) => (Number.isFinite(times) ? `${figure(times)}×` : '');

/** One family's cases that several variants did, each in the order of its ladder. */
export const ladders = (rows: readonly Indexed[]): Titled[] =>
  byCase(rows)
    .flatMap((rows) => grouped(rows, ({ engine }) => engine))
    .filter((rows) => rows.length > 1)
    .map((rows) => {
      const [first] = rows as [Indexed];
      const memory = first.bound === 'memory';
      const unit = memory ? 'GB/s' : 'GFLOP/s';
      const rate = (row: Indexed) => (memory ? row.gbps : row.gflops);
      const roof = memory ? first.roof_gbps : first.roof_gflops;
      const max = 1.05 * Math.max(...rows.map(rate));
      // A roof far beyond the bars would leave them no room.
      const near = roof < 1.6 * max;
      const lines = rows.map((row): Bar => {
        const [fast, slow] = ends(row).map((ms) => (rate(row) * row.median_ms) / ms);
        const step = row.agrees ? multiple(rate(row) / rate(first)) : 'wrong';
        return {
          label: row.variant,
          value: rate(row),
          low: slow!,
          high: fast!,
          figure: `${figure(rate(row))}   ${step}`,
          colour: BOUND_COLOURS[row.bound],
          row: row.index,
          wrong: !row.agrees,
        };
      });
      const title = [first.engine === OURS ? '' : first.engine, first.family, caseLabel(first)];
      const told = lines.map(({ label, figure }) => `${label} ${figure}`).join(', ');
      return {
        title: title.filter(Boolean).join(' '),
        note: `${unit}, roof ${figure(roof)}`,
        chart: chart(`Variants of ${title.filter(Boolean).join(' ')}, ${unit}: ${told}.`, {
          lines,
          axis: { type: 'value', name: unit, min: 0, max: near ? Math.max(max, roof) : max },
          ...(near && { mark: { at: roof, label: 'roof' } }),
        }),
      };
    });

const chart = (description: string, list: BarList): Chart => ({
  description,
  lines: list.lines.length,
  option: barList(list),
});

/** Round bounds, 1, 2 or 5 times a power of ten, around the values that are positive. */
export function bounds(values: readonly number[]) {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.min(...positive);
  const high = Math.max(...positive);
  const steps = (value: number) =>
    [1, 2, 5, 10].map((s) => s * 10 ** Math.floor(Math.log10(value)));
  return {
    min: steps(low).findLast((step) => step <= low)!,
    max: steps(high).find((step) => step >= high)!,
  };
}
