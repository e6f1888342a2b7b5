/**
 * The tuning database: which variant of a kernel family was the fastest at which shape, measured on
 * one adapter. It is a small JSON file, to be exported, committed and shipped.
 */

import type { AdapterReport } from './types.ts';

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

/** A database, and the file or option that it comes from. */
export interface FoundTuning {
  readonly source: string;
  readonly database: TuningDatabase;
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
