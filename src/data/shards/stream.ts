/**
 * Batches of samples from shards, in a shuffled order that depends on nothing but seed and step.
 */

import { permute } from '../permutation.ts';
import { randomAt } from '../random.ts';
import type { ImageSample, ShardSamples } from './dataset.ts';

/** Apart from the random numbers of other parts of the program that share the seed. */
const SHARDS = 0x73686472;
const WITHIN = 0x77697468;

/** Where a stream is, to be kept in a checkpoint; plain JSON. */
export interface StreamState {
  /** The step whose batch is next. */
  readonly step: number;
  readonly seed: number;
  readonly size: number;
  /** Shards that are shuffled into each other. */
  readonly mixed: number;
  /** Of the data that the step counts in. */
  readonly fingerprint: string;
}

export interface StreamOptions {
  /** Samples a batch. */
  readonly size: number;
  readonly seed: number;
  /**
   * Shards whose samples are shuffled into each other, 4 by default. They are in memory, and
   * towards their end those that follow, too.
   */
  readonly mixed?: number;
  /** Batches that are decoded ahead, 2 by default. */
  readonly ahead?: number;
  /** Goes on where another stream was. */
  readonly state?: StreamState;
}

export interface ShardStream {
  /** The samples of the next step, in order of the batch. */
  next(): Promise<readonly ImageSample[]>;
  /** Where the stream is now: batches that were decoded ahead and not taken come again. */
  readonly state: StreamState;
}

/** The order in which samples are drawn. */
export interface DrawOrder {
  /** The number of the sample that a visit draws. */
  draw(visit: number): number;
  /** The shards that are mixed at a visit, and the first visit after them. */
  group(visit: number): { readonly shards: readonly number[]; readonly end: number };
}

/**
 * The order in which samples are drawn, a pure function of the seed and the visit. Every epoch
 * takes the shards in its own order and `mixed` of them at a time, and draws all samples of these
 * in one shuffled order before the next: a shuffle buffer of `mixed` shards that can be entered
 * anywhere.
 */
export function drawOrder(counts: readonly number[], seed: number, mixed: number): DrawOrder {
  let total = 0;
  const starts = counts.map((count) => (total += count) - count);
  const key = (...at: number[]): [number, number] => {
    const random = randomAt(seed, ...at);
    return [random.bits(), random.bits()];
  };
  const arrange = (epoch: number) => {
    const order = key(SHARDS, epoch);
    let start = 0;
    return Array.from({ length: Math.ceil(counts.length / mixed) }, (_, i) => {
      const places = Math.min(mixed, counts.length - i * mixed);
      const shards = Array.from({ length: places }, (_, place) =>
        permute(i * mixed + place, counts.length, order),
      );
      const count = shards.reduce((sum, shard) => sum + counts[shard]!, 0);
      start += count;
      return { shards, start: start - count, count, key: key(WITHIN, epoch, i) };
    });
  };
  const epochs = new Map<number, ReturnType<typeof arrange>>();
  const at = (visit: number) => {
    const epoch = Math.floor(visit / total);
    if (!epochs.has(epoch)) epochs.set(epoch, arrange(epoch));
    // a stream is in one epoch or between two
    for (const old of epochs.keys()) if (Math.abs(old - epoch) > 1) epochs.delete(old);
    const place = visit - epoch * total;
    return {
      place,
      begin: visit - place,
      group: epochs.get(epoch)!.findLast((g) => g.start <= place)!,
    };
  };
  return {
    draw(visit) {
      const { place, group } = at(visit);
      let within = permute(place - group.start, group.count, group.key);
      let i = 0;
      while (within >= counts[group.shards[i]!]!) within -= counts[group.shards[i++]!]!;
      return starts[group.shards[i]!]! + within;
    },
    group(visit) {
      const { begin, group } = at(visit);
      return { shards: group.shards, end: begin + group.start + group.count };
    },
  };
}

/** Batches that are decoded ahead, unless it is said. */
const AHEAD = 2;
/** Batches before the end of a group of shards at which those of the next begin to load. */
const EARLY = 8;

/**
 * Shards that a stream has in memory at most: those that are mixed and those that follow, or all
 * where they have so few samples that a stream looks beyond them.
 */
export function shardsHeld(counts: readonly number[], size: number, mixed: number): number {
  const group = mixed * Math.min(...counts.slice(0, -1), Number.POSITIVE_INFINITY);
  return group < (1 + AHEAD + EARLY) * size ? counts.length : Math.min(counts.length, 2 * mixed);
}

/**
 * A stream of batches over any number of epochs. Batch `step` holds the visits `step * size` to
 * `(step + 1) * size - 1` of `drawOrder`, so that a stream that goes on from a state gives what an
 * uninterrupted one would. One stream at a time draws from a data set.
 * @throws Error where the state belongs to other data, or to other settings
 */
export function shardStream(data: ShardSamples, options: StreamOptions): ShardStream {
  const { size, seed, mixed = 4, ahead = AHEAD, state } = options;
  for (const [name, value] of Object.entries({ size, mixed }))
    if (!(Number.isInteger(value) && value > 0))
      throw new Error(`shards: ${name} is ${value}; it must be a whole number above zero.`);
  const own = { seed, size, mixed, fingerprint: data.fingerprint };
  for (const key of ['fingerprint', 'seed', 'size', 'mixed'] as const)
    if (state && state[key] !== own[key])
      throw new Error(
        key === 'fingerprint'
          ? 'shards: the stream that is to go on drew from other shards. Give those, or start anew.'
          : `shards: the stream that is to go on had ${key} ${state[key]}, not ${own[key]}. Give ${key} ${state[key]}.`,
      );
  const order = drawOrder(data.counts, seed, mixed);
  let step = state?.step ?? 0;
  const queue: Promise<readonly ImageSample[]>[] = [];
  const prefetch = (from: number, to: number) => {
    const kept = new Set<number>();
    for (let visit = from; visit < to + EARLY * size; ) {
      const { shards, end } = order.group(visit);
      for (const shard of shards) kept.add(shard);
      visit = end;
    }
    data.keepOnly(kept);
    for (const shard of kept) data.load(shard).catch(() => {});
  };
  const decode = (at: number) => {
    prefetch(step * size, (at + 1) * size);
    const visits = Array.from({ length: size }, (_, i) => at * size + i);
    return Promise.all(visits.map((visit) => data.sample(order.draw(visit))));
  };
  const fill = () => {
    while (queue.length < 1 + ahead) {
      const batch = decode(step + queue.length);
      // It is awaited in its turn; a failure before that must not count as unhandled.
      batch.catch(() => {});
      queue.push(batch);
    }
  };
  fill();
  return {
    async next() {
      const batch = queue.shift()!;
      step++;
      fill();
      return batch;
    },
    get state() {
      return { ...own, step };
    },
  };
}
