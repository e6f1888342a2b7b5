/** Rows of the results, from samples and roofs. */

import { BESIDE, type Row } from '../rows.ts';
import { summary } from '../statistics.ts';

/** What is known of a row before it is judged. */
export type Measured = Pick<
  Row,
  | 'engine'
  | 'family'
  | 'name'
  | 'pass'
  | 'shape'
  | 'dtype'
  | 'variant'
  | 'chosen'
  | 'rounds_ms'
  | 'bytes'
  | 'flops'
  | 'agrees'
  | 'error'
  | 'compile_ms'
  | 'first_ms'
  | 'files'
> & { readonly dispatches: number };

/** The least time that the roofs allow, in milliseconds. */
export function leastTime(
  { bytes, flops }: { bytes: number; flops: number },
  roof: { gbps: number; gflops: number },
) {
  const memory = bytes / roof.gbps / 1e6;
  const compute = flops / roof.gflops / 1e6;
  return {
    ms: Math.max(memory, compute),
    bound: memory >= compute ? 'memory' : 'compute',
  } as const;
}

/** Percent of a roof beyond which it is no noise that a kernel beats it. */
const MOST_PERCENT = 105;

/** A row, given the roofs at its working set: 1e9 bytes and 1e9 flops a second. */
export function makeRow(measured: Measured, roof: { gbps: number; gflops: number }): Row {
  const { median: time, spread, count } = summary(measured.rounds_ms);
  const { ms, bound } = leastTime(measured, roof);
  const percent = (100 * ms) / time;
  return {
    ...measured,
    median_ms: time,
    spread_ms: spread,
    count,
    gflops: measured.flops / time / 1e6,
    gbps: measured.bytes / time / 1e6,
    roof_gbps: roof.gbps,
    roof_gflops: roof.gflops,
    bound,
    roofline_percent: percent,
    above_roof: measured.name !== BESIDE && percent > MOST_PERCENT,
  };
}
