/** Which samples of shards are learned from, judge, or are measured on. */

import { placeOf, type ShardDataset, type ShardSamples } from './dataset.ts';
import { isTrainable, type PackedSample, type Shard, type Take } from './shard.ts';

/** Whether samples of a take are wanted; of those that tell none, `undefined` is asked. */
export type TakeFilter = (take: Take | undefined) => boolean;

/**
 * The samples of shards that two-stage lifters can learn from, and whose take is wanted, in the
 * order of the shards. Shards that have none are never read.
 * @param range of these, from the first up to the second; all by default
 */
export function trainableSamples(
  data: ShardDataset,
  wanted: TakeFilter = () => true,
  [from, to]: readonly [number, number] = [0, Number.POSITIVE_INFINITY],
): ShardSamples {
  let end = 0;
  const parts = data.index.shards.flatMap(({ trainable }, shard) => {
    const own = trainable.filter(({ take }) => wanted(take)).reduce((sum, t) => sum + t.count, 0);
    end += own;
    const skipped = Math.max(0, from - (end - own));
    const count = Math.min(own, to - (end - own)) - skipped;
    return count > 0 ? [{ shard, own, skipped, count }] : [];
  });
  const counts = parts.map(({ count }) => count);
  const place = placeOf(counts);
  /** Numbers of the samples that are wanted. */
  const chosen = new WeakMap<Shard, readonly number[]>();
  const chosenIn = (shard: Shard): readonly number[] => {
    const known = chosen.get(shard);
    if (known) return known;
    const own = Array.from({ length: shard.count }, (_, i) => i).filter((i) => {
      const sample = shard.sample(i);
      return isTrainable(sample) && wanted(sample.take);
    });
    chosen.set(shard, own);
    return own;
  };
  const packed = async (i: number): Promise<PackedSample> => {
    const { shard: at, within } = place(i);
    const { shard: number, own, skipped } = parts[at]!;
    const shard = await data.load(number);
    const numbers = chosenIn(shard);
    if (numbers.length !== own)
      throw new Error(
        `${data.where}/${data.index.shards[number]!.file} has ${numbers.length} samples to learn from where the index says ${own}. Run 'kinegrad prepare' with --replace.`,
      );
    return shard.sample(numbers[skipped + within]!);
  };
  return {
    counts,
    count: counts.reduce((sum, count) => sum + count, 0),
    fingerprint: data.fingerprint,
    packed,
    unpack: data.unpack,
    sample: async (i) => data.unpack(await packed(i)),
    load: (at) => data.load(parts[at]!.shard),
    keepOnly: (shards) => data.keepOnly(new Set([...shards].map((at) => parts[at]!.shard))),
  };
}

/** Of bytes alone: `slice` of a Node buffer would be a part of it. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/**
 * Some of the samples, spread evenly over all. They are read once, shard by shard, and stay in
 * memory as they are packed: nothing is read later.
 */
export async function keptSamples(samples: ShardSamples, count: number): Promise<ShardSamples> {
  const kept: PackedSample[] = [];
  for (let i = 0; i < count; i++) {
    const { image, depth, ...rest } = await samples.packed(
      Math.floor(((i + 0.5) * samples.count) / count),
    );
    // Parts of a shard's bytes would keep all of them.
    kept.push({ ...rest, image: copy(image), ...(depth && { depth: copy(depth) }) });
  }
  samples.keepOnly(new Set());
  const packed = async (i: number) => kept[i]!;
  return {
    ...samples,
    counts: [count],
    count,
    packed,
    sample: async (i) => samples.unpack(await packed(i)),
  };
}
