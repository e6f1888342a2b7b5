/** The clock of the GPU beside that of the host, and what it costs to read it. */

import type { Gpu } from './gpu.ts';
import type { Timestamps } from './timestamps.ts';

export interface GpuClock {
  /** Milliseconds of `performance.now()` at a time of the GPU's clock, nanoseconds. */
  toHost(time: bigint): number;
  /** How far that may be off, milliseconds. */
  readonly uncertainty: number;
  /** What a timed pass that does nothing takes, milliseconds. */
  readonly passCost: number;
}

const SUBMITS = 24;
const PASSES = 64;
/** What a pass costs is told by so many: a driver may read its clock for two of them at once. */
const RUN = 8;

/**
 * Sets the clocks by submits that do nothing: the GPU reads its clock after the submit and before
 * the host hears that the work is done. So each gives two bounds, and the tightest of all count.
 * On a device that is busy with other work they are wider.
 */
export async function calibrate(gpu: Gpu, timestamps: Timestamps): Promise<GpuClock> {
  const { device } = gpu;
  const timedPass = (encoder: GPUCommandEncoder, index: number) =>
    encoder.beginComputePass({ timestampWrites: timestamps.writes(index) }).end();
  const submits: { before: number; after: number }[] = [];
  for (let i = 0; i < SUBMITS; i++) {
    const encoder = device.createCommandEncoder();
    timedPass(encoder, i);
    const before = performance.now();
    gpu.submit(encoder);
    await gpu.settled(device.queue.onSubmittedWorkDone());
    submits.push({ before, after: performance.now() });
  }
  const encoder = device.createCommandEncoder();
  for (let i = 0; i < PASSES; i++) timedPass(encoder, SUBMITS + i);
  timestamps.resolve(encoder, SUBMITS + PASSES);
  gpu.submit(encoder);
  const read = await timestamps.read(SUBMITS + PASSES);

  // Since the first time: a clock's own numbers are too large for f64.
  const origin = read[0]!;
  const times = Array.from(read, (time) => Number(time - origin) / 1e6);
  const earliest = Math.max(...submits.map(({ before }, i) => before - times[2 * i]!));
  const latest = Math.min(...submits.map(({ after }, i) => after - times[2 * i + 1]!));
  const offset = (earliest + latest) / 2;
  const begins = times.slice(2 * SUBMITS).filter((_, i) => i % 2 === 0);
  const periods = begins.slice(RUN).map((time, i) => (time - begins[i]!) / RUN);
  return {
    toHost: (time) => offset + Number(time - origin) / 1e6,
    uncertainty: Math.abs(latest - earliest) / 2,
    passCost: median(periods),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
