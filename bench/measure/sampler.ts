/**
 * Times programs by replaying their dispatches, several subjects in turn. What a busy moment of the
 * machine does then falls on all of them.
 */

import { median } from 'simple-statistics';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { type Timestamps, timestampsOf } from '../../src/gpu/timestamps.ts';
import type { Recorded } from '../../src/graph/recording.ts';

/** Something to time: dispatches that are run in order, in one pass. */
export interface Subject {
  readonly dispatches: readonly Pick<Recorded, 'run'>[];
}

export interface Sampler {
  /** Step of the clock, in nanoseconds; null where the host's clock is used. */
  readonly quantum: number | null;
  /**
   * Milliseconds of one run of each subject, `count` times, in turn. Warm-up is not among them.
   */
  sample(subjects: readonly Subject[], count: number): Promise<number[][]>;
  dispose(): void;
}

/**
 * A timed region lasts this long at least, in milliseconds: longer than what a scheduler takes away
 * at a time.
 */
const REGION = 5;
/** Without timestamps a submit and the wait for it are in the region, and must weigh little. */
const HOST_REGION = 40;
/** A timed region spans this many steps of the clock at least. */
const QUANTA = 200;
/** Milliseconds of work in one submit: drivers end what seems to hang. */
const LONGEST_SUBMIT = 250;
/** Dispatches in one region, at most. */
const MOST_DISPATCHES = 4000;
const CAPACITY = 64;

/** A sampler that uses the GPU's clock where there is one, and says so in `quantum`. */
export async function openSampler(gpu: Gpu): Promise<Sampler> {
  const timestamps = timestampsOf(gpu, CAPACITY);
  const repeats = new WeakMap<Subject, { count: number; estimate: number }>();
  const run = timestamps ? byGpu(gpu, timestamps) : await byHost(gpu);
  const quantum = timestamps ? await quantumOf(gpu, timestamps) : null;
  const region = timestamps ? Math.max(REGION, (QUANTA * quantum!) / 1e6) : HOST_REGION;

  /** Finds how often a subject must be repeated; the runs for that are its warm-up. */
  const warm = async (subject: Subject) => {
    const most = Math.max(1, Math.floor(MOST_DISPATCHES / subject.dispatches.length));
    let count = 1;
    for (;;) {
      const [ms] = await run([{ subject, count }]);
      const wanted = Math.min(most, Math.ceil((region * count) / Math.max(ms!, region / 1000)));
      if (wanted <= count) return { count, estimate: ms! };
      // The first run of anything is slow: come nearer step by step.
      count = Math.min(wanted, 8 * count);
    }
  };

  return {
    quantum,
    async sample(subjects, count) {
      for (const subject of subjects)
        if (!repeats.has(subject)) repeats.set(subject, await warm(subject));
      const samples = subjects.map((): number[] => []);
      for (let i = 0; i < count; i++) {
        let at = 0;
        while (at < subjects.length) {
          const first = at;
          const group: Region[] = [];
          let total = 0;
          while (at < subjects.length && group.length < CAPACITY) {
            const { count, estimate } = repeats.get(subjects[at]!)!;
            if (group.length > 0 && total + estimate > LONGEST_SUBMIT) break;
            total += estimate;
            group.push({ subject: subjects[at++]!, count });
          }
          const times = await run(group);
          times.forEach((ms, k) => samples[first + k]!.push(ms / group[k]!.count));
        }
      }
      return samples;
    },
    dispose: () => timestamps?.dispose(),
  };
}

interface Region {
  readonly subject: Subject;
  readonly count: number;
}

const replay = (pass: GPUComputePassEncoder, { subject, count }: Region) => {
  for (let i = 0; i < count; i++) for (const dispatch of subject.dispatches) dispatch.run(pass);
};

/** Regions one after another in one submit, each a pass with the time before and after it. */
function byGpu(gpu: Gpu, timestamps: Timestamps) {
  return async (regions: readonly Region[]): Promise<number[]> => {
    const encoder = gpu.device.createCommandEncoder();
    regions.forEach((region, i) => {
      const pass = encoder.beginComputePass({ timestampWrites: timestamps.writes(i) });
      replay(pass, region);
      pass.end();
    });
    timestamps.resolve(encoder, regions.length);
    gpu.submit(encoder);
    const times = await timestamps.read(regions.length);
    return regions.map((_, i) => Number(times[2 * i + 1]! - times[2 * i]!) / 1e6);
  };
}

/** Each region in a submit of its own, until the host hears of its end, less what that costs. */
async function byHost(gpu: Gpu) {
  const wall = async (region?: Region) => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    if (region) replay(pass, region);
    pass.end();
    const start = performance.now();
    gpu.submit(encoder);
    await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
    return performance.now() - start;
  };
  const empty: number[] = [];
  for (let i = 0; i < 20; i++) empty.push(await wall());
  const cost = median(empty);
  return async (regions: readonly Region[]): Promise<number[]> => {
    const times: number[] = [];
    for (const region of regions) times.push(Math.max(0, (await wall(region)) - cost));
    return times;
  };
}

/** The step of the GPU's clock: what all times are multiples of. */
async function quantumOf(gpu: Gpu, timestamps: Timestamps): Promise<number> {
  const encoder = gpu.device.createCommandEncoder();
  for (let i = 0; i < CAPACITY; i++)
    encoder.beginComputePass({ timestampWrites: timestamps.writes(i) }).end();
  timestamps.resolve(encoder, CAPACITY);
  gpu.submit(encoder);
  const times = await timestamps.read(CAPACITY);
  const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));
  const step = times.reduce((all, time) => gcd(all, time - times[0]!), 0n);
  return Math.max(1, Math.abs(Number(step)));
}
