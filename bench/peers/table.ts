/** The table of the peers: text from figures. */

import type { AdapterReport } from '../../src/platform/types.ts';
import type { Training } from './engine.ts';
import { type Figures, IN_FLIGHT, type InferenceFigures } from './measure.ts';

/** What an engine reached, a process each round. */
export interface EngineRounds {
  readonly file: string;
  readonly rounds: Figures[];
  /** Why it was given up. */
  failed?: string;
}

export interface Results {
  readonly adapter: AdapterReport;
  readonly host: { readonly node: string; readonly cpu: string; readonly threads: number };
  readonly settings: {
    readonly width: number;
    readonly training: Training;
    readonly rounds: number;
  };
  readonly engines: readonly EngineRounds[];
  readonly absent: readonly { readonly file: string; readonly why: string }[];
}

/** Outputs further from the f64 reference than this, in parts of its largest value, are wrong. */
const TOLERANCE = 1e-4;

export function show({ adapter, host, settings, engines, absent }: Results): string {
  const { width, training, rounds } = settings;
  const measured = engines.filter((engine) => engine.rounds.length > 0);
  const batches = measured[0]?.rounds[0]?.inference.map(({ batch }) => batch) ?? [];
  return [
    `Residual lifter of width ${width} on ${adapter.name} (${adapter.source})`,
    `${host.cpu}, ${host.threads} threads; Node ${host.node}; rounds: ${rounds}, interleaved, ` +
      'each engine in a process of its own',
    'Times are medians of the rounds and, in brackets, their range. Ratios are to the first row.',
    '',
    `Training step, batch ${training.batch}: batch norm, dropout ${training.dropout}, AdamW`,
    trainingTable(measured),
    ...batches.flatMap((batch) => [
      '',
      `Inference, batch ${batch}: upload, run, read the output`,
      inferenceTable(measured, batch),
    ]),
    '',
    ...measured.flatMap(({ rounds }) => {
      const { title, adapter, notes } = rounds[0]!;
      return [`${title}: on ${adapter}`, ...notes.map((note) => `  ${note}`)];
    }),
    ...engines.flatMap(({ file, failed }) => (failed ? [`${file} FAILED: ${failed}`] : [])),
    ...absent.map(({ file, why }) => `${file} is absent: ${why}`),
  ].join('\n');
}

function trainingTable(engines: readonly EngineRounds[]): string {
  const rows = engines.flatMap(({ rounds }) => {
    const figures = rounds.flatMap(({ training }) => training ?? []);
    if (figures.length === 0) return [];
    const [before, after] = figures[0]!.losses;
    return [
      {
        title: rounds[0]!.title,
        main: figures.map(({ steps }) => median(steps)),
        others: [
          `${median(figures.map(({ first }) => first)).toFixed(2)} s`,
          `${before.toFixed(2)} -> ${after.toFixed(2)}`,
        ],
      },
    ];
  });
  return table('a step', ['to the first loss', 'loss at steps 1 and 5'], rows);
}

function inferenceTable(engines: readonly EngineRounds[], batch: number): string {
  const rows = engines.map(({ rounds }) => {
    const ofBatch = ({ batch: size }: InferenceFigures) => size === batch;
    const figures = rounds.map(({ inference }) => inference.find(ofBatch)!);
    const error = worst(figures.map(({ error }) => error));
    return {
      title: rounds[0]!.title,
      main: figures.map(({ latencies }) => median(latencies)),
      others: [
        milliseconds(figures.map(({ streamed }) => median(streamed))),
        `${error <= TOLERANCE ? 'yes' : 'NO'}, to ${error.toExponential(0)}`,
      ],
    };
  });
  return table('latency', [`each of ${IN_FLIGHT} in flight`, 'agrees with f64'], rows);
}

interface Row {
  readonly title: string;
  /** The figure that engines are compared by, seconds, one a round. */
  readonly main: readonly number[];
  readonly others: readonly string[];
}

function table(main: string, others: readonly string[], rows: readonly Row[]): string {
  const first = rows[0] && median(rows[0].main);
  const cells = [
    ['', main, 'ratio', ...others],
    ...rows.map((row) => [
      row.title,
      milliseconds(row.main),
      (median(row.main) / first!).toFixed(2),
      ...row.others,
    ]),
  ];
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('   ');
  return cells.map((row) => `  ${line(row)}`).join('\n');
}

function milliseconds(seconds: readonly number[]): string {
  const number = (value: number) => {
    const ms = value * 1000;
    return ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0);
  };
  const range = `(${number(Math.min(...seconds))} to ${number(Math.max(...seconds))})`;
  return `${number(median(seconds))} ms${seconds.length > 1 ? ` ${range}` : ''}`;
}

/** The largest, or NaN where one is. */
const worst = (values: readonly number[]) =>
  values.reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
