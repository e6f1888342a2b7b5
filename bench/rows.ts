/** What a run of the bench says, as it is written by `--json` and read by `--compare`. */

import { readFileSync } from 'node:fs';
import type { AdapterKind } from '../src/platform/types.ts';

export const FORMAT = 'kinegrad bench 1';

/** What rows of `--peers` are called: ours, too, are timed as the peers can be. */
export const BESIDE = 'beside peers';

/** Host code that is no part of the engine: it tells a busy machine from slower code. */
export const REFERENCE = 'reference: strings, a map and a sort';

export type Pass = 'forward' | 'input gradient' | 'weight gradient' | 'update';

/** One thing that was measured. */
export interface Row {
  /** `kinegrad`, or the name of a peer. */
  readonly engine: string;
  readonly family: string;
  /** What a family calls its cases apart from their shape, such as `sum over rows`; or empty. */
  readonly name: string;
  readonly pass: Pass;
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'f16';
  /** The variant that ran: one of the family's, `only one` where there is no choice. */
  readonly variant: string;
  /** Whether the engine chose the variant itself; else it was asked for. */
  readonly chosen: boolean;
  /** Milliseconds of one run of the case: median, interquartile range, number of samples. */
  readonly median_ms: number;
  readonly spread_ms: number;
  readonly count: number;
  /** The samples, by the rounds in which they were taken: rounds are minutes apart, samples are not. */
  readonly rounds_ms: readonly (readonly number[])[];
  /** Work that cannot be avoided, by the family's own count, and what the median makes of it. */
  readonly bytes: number;
  readonly flops: number;
  readonly gflops: number;
  readonly gbps: number;
  /** The roof at this row's working set: bytes and flops in seconds, measured in the same run. */
  readonly roof_gbps: number;
  readonly roof_gflops: number;
  /** Which of the two bounds it. */
  readonly bound: 'memory' | 'compute';
  /** The least time that the roofs allow, in percent of the median. */
  readonly roofline_percent: number;
  /**
   * A kernel of ours beats its roof by more than 5 %, although that was measured again: then its
   * bytes or flops are counted wrongly. Never said of rows beside peers, whose roofs were measured
   * at another time, or are those of another device.
   */
  readonly above_roof: boolean;
  /** Whether the output matched, and the largest difference in parts of the largest value. */
  readonly agrees: boolean;
  readonly error: number;
  /**
   * What the slowest of its pipelines took to compile, drivers' caches off, in the program that
   * first needed it; and that with the first run and its output on the host. Peers say only the
   * latter.
   */
  readonly compile_ms: number | null;
  readonly first_ms: number;
  /** Shader files that ran, and the files they use. */
  readonly files: readonly string[];
  /** Dispatches of one run. */
  readonly dispatches: number;
}

/** What could not be measured, and why: one line each. */
export interface Failure {
  readonly engine: string;
  readonly what: string;
  readonly why: string;
  /** A peer that has no such op is listed and fails nothing; all else makes the exit status 1. */
  readonly expected: boolean;
}

/** Host-side code, timed by the package `benchmark`, in the rounds of the rows. */
export interface HostRow {
  readonly name: string;
  readonly median_ms: number;
  readonly spread_ms: number;
  readonly count: number;
  readonly rounds_ms: readonly (readonly number[])[];
}

export interface Bandwidth {
  /** Bytes that the kernel touches. */
  readonly bytes: number;
  readonly gbps: number;
  /** The best kernel: `copy`, `scale` or `triad`, threads a group, steps a thread. */
  readonly kernel: string;
}

export interface RoofAgain {
  /** Such as `memory at 4 MiB` or `arithmetic in f32`. */
  readonly roof: string;
  /** 1e9 bytes or flops a second, beside the rows and at the end; the higher of the two counts. */
  readonly beside: number;
  readonly again: number;
}

export interface Header {
  readonly format: typeof FORMAT;
  /** Version of the package. */
  readonly version: string;
  readonly date: string;
  readonly node: string;
  readonly cpu: string;
  readonly threads: number;
  readonly adapter: { readonly kind: AdapterKind; readonly name: string; readonly driver: string };
  /** Step of the GPU's clock in nanoseconds; null where rows were timed by the host's. */
  readonly timestamp_quantum_ns: number | null;
  /** Of the best vec4 copy kernel, at a working set of 64 MiB. */
  readonly copy_gbps: number;
  readonly bandwidth: readonly Bandwidth[];
  readonly fma_gflops_f32: number;
  /** Null where the device has no `shader-f16`. */
  readonly fma_gflops_f16: number | null;
  /** Roofs that rows beat, and which were therefore measured again at the end. */
  readonly roofs_again: readonly RoofAgain[];
  /** Microseconds of a dispatch that does nothing: encoding on the host, and end to end. */
  readonly encode_us: number;
  readonly dispatch_us: number;
  /** Seconds that the run took. */
  readonly seconds: number;
}

export interface Results {
  readonly header: Header;
  readonly rows: readonly Row[];
  readonly host: readonly HostRow[];
  readonly failures: readonly Failure[];
}

type Case = Pick<Row, 'engine' | 'family' | 'name' | 'pass' | 'shape' | 'dtype'>;

const caseName = ({ engine, family, name, pass, shape, dtype }: Case) =>
  [engine, family, name, pass, shape.join(','), dtype].filter(Boolean).join(' | ');

/**
 * Rows of two runs with the same name measured the same thing. Where the engine was left to choose
 * that is the case, whatever it chose; else the variant belongs to it.
 */
export const rowName = (row: Case & Pick<Row, 'variant' | 'chosen'>): string =>
  row.chosen ? caseName(row) : `${caseName(row)} | ${row.variant}`;

/** @throws with the name of the file, when it is missing, no JSON, or no results of this format. */
export function readResults(file: string): Results {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`);
  }
  let value: Partial<Results> | null;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}`);
  }
  const format = value?.header?.format;
  if (format !== FORMAT)
    throw new Error(
      `${file} is of format ${JSON.stringify(format ?? null)}, this bench reads '${FORMAT}': make it again with --json`,
    );
  const wrong = damage(value!);
  if (wrong) throw new Error(`${file} is damaged, ${wrong}: make it again with --json`);
  return completed(value as Results);
}

/**
 * Files of before do not say all: whether a variant was chosen (it was, where it is the only one of
 * its case), and the samples of host code, without which nothing can be said of it.
 */
function completed({ header, rows, host, failures }: Results): Results {
  const count = new Map<string, number>();
  for (const row of rows) count.set(caseName(row), 1 + (count.get(caseName(row)) ?? 0));
  return {
    header: { ...header, roofs_again: header.roofs_again ?? [] },
    rows: rows.map((row) => ({
      ...row,
      chosen: row.chosen ?? count.get(caseName(row)) === 1,
      above_roof: row.above_roof ?? false,
    })),
    host: (host ?? []).filter(({ rounds_ms }) => rounds_ms),
    failures,
  };
}

/** What is missing in results, if anything. */
function damage({ header, rows, failures }: Partial<Results>): string | undefined {
  if (typeof header?.adapter?.name !== 'string') return 'its header names no adapter';
  if (!Array.isArray(rows)) return 'it has no rows';
  if (!Array.isArray(failures)) return 'it has no list of failures';
  const at = rows.findIndex(
    ({ rounds_ms, median_ms }) =>
      !Array.isArray(rounds_ms) || !rounds_ms.every(Array.isArray) || !(median_ms > 0),
  );
  return at < 0 ? undefined : `row ${at + 1} has no samples`;
}
