/**
 * The tuning database: which variant of a kernel family was the fastest at which shape, measured on
 * one adapter. It is a small JSON file, to be exported, committed and shipped.
 */

import { readTunings } from '#platform';
import type { AdapterReport } from '../platform/types.ts';

/**
 * Raised whenever a kernel that has variants changes, or its variants do: what was measured before
 * says nothing of them.
 */
export const TUNING_VERSION = 2;
export const TUNING_FORMAT = 'kinegrad tuning';

/** The adapter that a database was measured on, as its report calls it. */
export type TunedAdapter = Pick<AdapterReport, 'kind' | 'name' | 'driver'>;

/** What was measured of one family at one shape. */
export interface TuningEntry {
  readonly family: string;
  readonly shape: readonly number[];
  /** The fastest variant. */
  readonly variant: string;
  /** Its median, in microseconds a run. */
  readonly us: number;
  /** The others that were timed, in microseconds. */
  readonly beat?: Readonly<Record<string, number>>;
}

export interface TuningDatabase {
  readonly format: typeof TUNING_FORMAT;
  readonly version: number;
  readonly adapter: TunedAdapter;
  /** When it was measured, ISO 8601. */
  readonly date: string;
  readonly entries: readonly TuningEntry[];
}

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
 * @param given a database, or its JSON
 * @throws where a database is corrupt, with its file and what is wrong
 */
export async function findTuning(
  adapter: TunedAdapter,
  given?: TuningDatabase | string,
): Promise<Tuning> {
  if (given !== undefined) {
    const source = 'openGpu({ tuning })';
    const database =
      typeof given === 'string' ? parseTuning(given, source) : checkTuning(given, source);
    if (suits(database, adapter, source)) return { source, entries: database.entries };
  }
  for (const { path, text } of await readTunings(adapter.name)) {
    const database = parseTuning(text, path);
    if (suits(database, adapter, path)) return { source: path, entries: database.entries };
  }
  return { source: 'shipped defaults', entries: [] };
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

/** A database as the text of its file, an entry a line. */
export function tuningText({ entries, ...header }: TuningDatabase): string {
  const lines = entries.map((entry) => `\n    ${JSON.stringify(entry)}`).join(',');
  const head = JSON.stringify(header, null, 2).slice(0, -2);
  return `${head},\n  "entries": [${lines}${lines && '\n  '}]\n}\n`;
}

/**
 * A database from its text.
 * @throws with the file and what is wrong, where it is no whole database
 */
export function parseTuning(text: string, file: string): TuningDatabase {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw corrupt(file, `it is no JSON: ${(error as Error).message}`);
  }
  return checkTuning(value, file);
}

/** Entries of another version may look different, and are left out. */
function checkTuning(value: unknown, file: string): TuningDatabase {
  const { format, version, adapter, date, entries } = fields(value);
  if (format !== TUNING_FORMAT)
    throw corrupt(file, `format must be '${TUNING_FORMAT}', got ${show(format)}`);
  if (typeof version !== 'number' || !Number.isInteger(version))
    throw corrupt(file, `version must be a whole number, got ${show(version)}`);
  const { kind, name, driver } = fields(adapter);
  if (![kind, name, driver].every((text) => typeof text === 'string'))
    throw corrupt(file, `adapter must have kind, name and driver, got ${show(adapter)}`);
  if (typeof date !== 'string') throw corrupt(file, `date must be a text, got ${show(date)}`);
  if (!Array.isArray(entries)) throw corrupt(file, `entries must be a list, got ${show(entries)}`);
  return {
    format,
    version,
    adapter: { kind, name, driver } as TunedAdapter,
    date,
    entries: version === TUNING_VERSION ? entries.map((e, i) => checkEntry(e, i, file)) : [],
  };
}

function checkEntry(value: unknown, i: number, file: string): TuningEntry {
  const { family, shape, variant, us, beat } = fields(value);
  const size = (n: unknown) => Number.isInteger(n) && (n as number) >= 0;
  const time = (n: unknown) => typeof n === 'number' && n > 0;
  const rules: [holds: boolean, rule: string][] = [
    [typeof family === 'string', 'family must be a text'],
    [Array.isArray(shape) && shape.every(size), 'shape must be a list of sizes'],
    [typeof variant === 'string', 'variant must be a text'],
    [time(us), 'us must be a time in microseconds'],
    [beat === undefined || Object.values(fields(beat)).every(time), 'beat must hold times'],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken) throw corrupt(file, `entry ${i}: ${broken[1]}, got ${show(value)}`);
  return value as TuningEntry;
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const show = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 120);

const corrupt = (file: string, what: string) =>
  new Error(`${file} is no tuning database: ${what}. Delete it, or measure another`);
