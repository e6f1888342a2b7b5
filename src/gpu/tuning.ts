/** Finds the tuning for an adapter, and in it what was measured at a shape. */

import { readTunings } from '#platform';
import {
  type FoundTuning,
  TUNING_VERSION,
  type TunedAdapter,
  type TuningDatabase,
  type TuningEntry,
} from '../platform/tuning.ts';

/** The tuning that a device uses. */
export interface Tuning {
  /** The file, `openGpu({ tuning })`, or `shipped defaults`. */
  readonly source: string;
  readonly entries: readonly TuningEntry[];
}

/**
 * The tuning for an adapter: what the caller gives, else the file that `KINEGRAD_TUNING` names,
 * else the one in the cache folder, else the shipped defaults, which have no entries. Databases of
 * another adapter, driver or version are passed over with a warning.
 * @throws where a file that is asked is corrupt, with its path and what is wrong
 */
export async function findTuning(adapter: TunedAdapter, given?: TuningDatabase): Promise<Tuning> {
  for await (const { source, database } of considered(adapter, given))
    if (suits(database, adapter, source)) return { source, entries: database.entries };
  return { source: 'shipped defaults', entries: [] };
}

async function* considered(
  { name }: TunedAdapter,
  given: TuningDatabase | undefined,
): AsyncGenerator<FoundTuning> {
  if (given) yield { source: 'openGpu({ tuning })', database: given };
  yield* readTunings(name);
}

/** Warnings that have been given: a file is read whenever a device is opened. */
const warned = new Set<string>();

function suits(database: TuningDatabase, adapter: TunedAdapter, source: string): boolean {
  const differs = tuningMismatch(database, adapter);
  if (!differs) return true;
  const warning = `kinegrad: ${source} is ignored: ${differs}. Measure with npm run bench -- --tune`;
  if (!warned.has(warning)) console.warn(warning);
  warned.add(warning);
  return false;
}

/** Why a database says nothing of an adapter; undefined where it does. */
export function tuningMismatch(
  { version, adapter: measured }: TuningDatabase,
  adapter: TunedAdapter,
): string | undefined {
  if (version !== TUNING_VERSION)
    return `its version is ${version}, and these kernels are of version ${TUNING_VERSION}`;
  const name = (['name', 'kind', 'driver'] as const).find((key) => measured[key] !== adapter[key]);
  if (!name) return undefined;
  const word = name === 'name' ? 'adapter' : name;
  return `it was measured with the ${word} '${measured[name]}', and this is '${adapter[name]}'`;
}

/**
 * The variants that were measured to be the fastest of a family: at this shape, else at shapes
 * within a factor of 2 in every dimension, the nearest first. A dimension of 0 equals only 0.
 */
export function tunedVariants(
  entries: readonly TuningEntry[],
  family: string,
  shape: readonly number[],
): string[] {
  return entries
    .filter((entry) => entry.family === family && entry.shape.length === shape.length)
    .map(({ shape: measured, variant }) => ({
      variant,
      steps: measured.map((n, i) => (n === shape[i] ? 0 : Math.abs(Math.log2(n / shape[i]!)))),
    }))
    .filter(({ steps }) => steps.every((step) => step <= 1))
    .map(({ variant, steps }) => ({ variant, distance: Math.hypot(...steps) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ variant }) => variant);
}
