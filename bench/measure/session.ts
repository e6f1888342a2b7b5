/** A run of the bench on one device: check, then time, in rounds. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import type { Case, Family } from '../family.ts';
import type { Failure, RoofAgain, Row } from '../rows.ts';
import { type Prepared, prepare } from './prepare.ts';
import { openRoofs, type Roof, type Roofs, workingSet } from './roofs.ts';
import { makeRow } from './row.ts';
import { openSampler, type Sampler } from './sampler.ts';

/** What to measure: a case, with a variant or as the engine does it. */
export interface Wish {
  readonly family: Family;
  readonly what: Case;
  readonly variant?: string;
}

export interface Session {
  readonly sampler: Sampler;
  readonly roofs: Roofs;
  readonly rows: readonly Row[];
  readonly roofsAgain: readonly RoofAgain[];
  readonly failures: readonly Failure[];
}

export interface SessionOptions {
  /** How many; by default `ROUNDS`, and more of what is done quickly. */
  readonly rounds?: number;
  /** Samples of each row in a round. */
  readonly samples: number;
  /** What else is sampled in each round, after the rows. */
  readonly afterRound?: () => Promise<void>;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/**
 * Rounds of a run that does not say: as many as tell two runs of all rows apart in minutes, and of
 * a few rows, within the seconds, as many as find a change of some percent.
 */
export const ROUNDS = { least: 8, most: 32, seconds: 30 };

/** How a case is called in messages. */
export const nameOf = ({ family, what, variant }: Wish): string =>
  [
    family.name,
    what.name,
    what.pass,
    what.shape.join('x'),
    what.dtype === 'f16' && what.dtype,
    variant,
  ]
    .filter(Boolean)
    .join(' ');

/**
 * Prepares all cases, then takes samples of all of them in rounds: what is slow for a minute is so
 * for a part of the samples of every row. Within a round rows of like size take turns with the
 * roofs that they are held against, and each round finds them and their machine code in other
 * memory: where that lies makes some kernels a quarter slower on one process in ten, for all of its
 * life. A roof that a row beats is measured again at the end.
 */
export async function measure(
  gpu: Gpu,
  wishes: readonly Wish[],
  { samples, afterRound, onProgress, ...wished }: SessionOptions,
): Promise<Session & { dispose(): Promise<void> }> {
  const sampler = await openSampler(gpu);
  const roofs = openRoofs(gpu, sampler);
  const failures: Failure[] = [];
  const ready: Timed[] = [];
  let rounds = wished.rounds ?? ROUNDS.least;
  let total = wishes.length * (1 + rounds);
  let done = 0;
  for (const wish of wishes) {
    onProgress?.(done++, total, `compile and check ${nameOf(wish)}`);
    try {
      const { family, what, variant } = wish;
      ready.push({ prepared: await prepare(gpu, family, what, variant), rounds_ms: [] });
    } catch (error) {
      gpu.check();
      const why = (error as Error).message.split('\n').slice(0, 12).join('\n');
      failures.push({ engine: 'kinegrad', what: nameOf(wish), why, expected: false });
    }
  }
  const setOf = ({ prepared: { what } }: Timed) => workingSet(what.workingSet ?? what.cost.bytes);
  const groups = groupBy(ready, setOf);
  const f32 = (await roofs.arithmetic('f32'))!;
  const f16 = ready.some(isF16) ? await roofs.arithmetic('f16') : undefined;
  // What is stored in f16 may be multiplied in either type: the faster is its roof.
  const arithmeticOf = (timed: Timed) => (f16 && isF16(timed) ? [f32, f16] : [f32]);
  const memory = new Map<number, Roof>();
  for (const bytes of groups.keys()) memory.set(bytes, await roofs.memory(bytes));
  const memoryOf = (timed: Timed) => memory.get(setOf(timed))!;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    if (round > 0) gpu.pipelines.forget();
    for (const [bytes, members] of groups) {
      onProgress?.(done, total, `round ${round + 1} of ${rounds}`);
      if (round > 0)
        // What has no room for a second copy stays where it is.
        for (const { prepared } of members) await prepared.renew().catch(() => gpu.check());
      const above = new Set([memory.get(bytes)!, ...members.flatMap(arithmeticOf)]);
      await sampleInTurn(sampler, [...above], members, samples);
      done += members.length;
    }
    await afterRound?.();
    // The second round is the first that makes everything again.
    if (round === 1 && wished.rounds === undefined) {
      rounds = roundsWithin((performance.now() - start) / 1000);
      total = wishes.length * (1 + rounds);
    }
  }
  const rowOf = (timed: Timed): Row => {
    const { prepared, rounds_ms } = timed;
    const { family, what } = prepared;
    const { rate: gbps } = memoryOf(timed).best();
    const gflops = Math.max(...arithmeticOf(timed).map((roof) => roof.best().rate));
    return makeRow(
      {
        engine: 'kinegrad',
        family: family.name,
        name: what.name ?? '',
        pass: what.pass,
        shape: what.shape,
        dtype: what.dtype ?? 'f32',
        variant: prepared.variant,
        chosen: prepared.chosen,
        rounds_ms,
        ...what.cost,
        agrees: true,
        error: prepared.error,
        compile_ms: prepared.compile_ms,
        first_ms: prepared.first_ms,
        files: prepared.files,
        dispatches: prepared.dispatches.length,
      },
      { gbps, gflops },
    );
  };
  const beaten = ready.flatMap((timed) => {
    const { above_roof, bound } = rowOf(timed);
    return !above_roof ? [] : bound === 'memory' ? [memoryOf(timed)] : arithmeticOf(timed);
  });
  const roofsAgain: RoofAgain[] = [];
  for (const roof of new Set(beaten)) {
    onProgress?.(done, total, `the roof of ${roof.name} again`);
    roofsAgain.push({ roof: roof.name, beside: roof.best().rate, again: await roof.again() });
  }
  return {
    sampler,
    roofs,
    rows: ready.map(rowOf),
    roofsAgain,
    failures,
    async dispose() {
      for (const { prepared } of ready) await prepared.dispose();
      roofs.dispose();
      sampler.dispose();
    },
  };
}

/** How many rounds there shall be, by the seconds that one takes. */
export const roundsWithin = (each: number) =>
  Math.min(ROUNDS.most, Math.max(ROUNDS.least, Math.floor(ROUNDS.seconds / each)));

/** A case that is ready, and its samples in milliseconds, by rounds. */
interface Timed {
  readonly prepared: Prepared;
  readonly rounds_ms: number[][];
}

const isF16 = ({ prepared: { what } }: Timed) => what.dtype === 'f16';

/** One round of a group: its rows and its roofs, sample after sample. */
async function sampleInTurn(
  sampler: Sampler,
  roofs: readonly Roof[],
  rows: readonly Timed[],
  count: number,
) {
  const subjects = [
    ...roofs.flatMap((roof) => roof.subjects),
    ...rows.map(({ prepared }) => prepared),
  ];
  const times = await sampler.sample(subjects, count);
  for (const roof of roofs) roof.add(times.splice(0, roof.subjects.length));
  rows.forEach((row, i) => row.rounds_ms.push(times[i]!));
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    groups.set(key(item), group);
    group.push(item);
  }
  return groups;
}
