/** Results of runs that never were: times that are known, seen through the noise of a machine. */

import { FORMAT, type Header, type Results, type Row } from '../../bench/rows.ts';
import { summary } from '../../bench/statistics.ts';
import { randomAt } from '../../src/data/random.ts';

/** What a synthetic run is like; each factor is of its times. */
export interface Run {
  readonly seed?: number;
  readonly rows?: number;
  /** Of all rows, and of the rows at these indices. */
  readonly code?: number;
  readonly changed?: Readonly<Record<number, number>>;
  /** Of all rows and of the roofs. */
  readonly machine?: number;
  /** Of the roofs alone. */
  readonly roofs?: number;
}

const ROUNDS = 5;
const SAMPLES = 5;
/** Deviations of the logarithm: of samples, of what a round shares, of a row in a run. */
const NOISE = { sample: 0.03, round: 0.014, rowInRound: 0.014, rowInRun: 0.007 };
const OUTLIERS = { chance: 0.05, factor: 1.5 };

export const header: Header = {
  format: FORMAT,
  version: '0.1.0',
  date: '2026-01-01T00:00:00.000Z',
  node: 'v20.0.0',
  cpu: 'a processor',
  threads: 2,
  adapter: { kind: 'lavapipe', name: 'llvmpipe', driver: 'Mesa 25.0' },
  timestamp_quantum_ns: 1,
  copy_gbps: 8,
  bandwidth: [],
  fma_gflops_f32: 50,
  fma_gflops_f16: null,
  roofs_again: [],
  encode_us: 2,
  dispatch_us: 30,
  seconds: 100,
};

/** Results whose true times are 1 ms, 2 ms, ... by the factors of the run, seen through noise. */
export function results(run: Run = {}): Results {
  const { seed = 1, rows = 40, code = 1, changed = {}, machine = 1, roofs = machine } = run;
  const random = randomAt(seed);
  const noise = (deviation: number) => Math.exp(random.normal(0, deviation));
  const drift = Array.from({ length: ROUNDS }, () => noise(NOISE.round));
  return {
    header,
    host: [],
    failures: [],
    rows: Array.from({ length: rows }, (_, i) => {
      const time = (1 + i) * machine * code * (changed[i] ?? 1) * noise(NOISE.rowInRun);
      const rounds = drift.map((factor) => {
        const mean = time * factor * noise(NOISE.rowInRound);
        return Array.from(
          { length: SAMPLES },
          () => mean * noise(NOISE.sample) * (random.chance(OUTLIERS.chance) ? OUTLIERS.factor : 1),
        );
      });
      return row(i, rounds, roofs);
    }),
  };
}

export function row(i: number, rounds: readonly (readonly number[])[], roofs = 1): Row {
  const { median, spread, count } = summary(rounds);
  return {
    engine: 'kinegrad',
    family: 'matmul',
    name: '',
    pass: 'forward',
    shape: [i, 512, 512],
    dtype: 'f32',
    variant: 'subgroup8',
    chosen: true,
    median_ms: median,
    spread_ms: spread,
    count,
    rounds_ms: rounds,
    bytes: 1e6,
    flops: 1e9,
    gflops: 1,
    gbps: 1,
    roof_gbps: 8 / roofs,
    roof_gflops: 50 / roofs,
    bound: i % 2 ? 'memory' : 'compute',
    roofline_percent: 50,
    above_roof: false,
    agrees: true,
    error: 1e-7,
    compile_ms: 1,
    first_ms: 1,
    files: [],
    dispatches: 1,
  };
}
