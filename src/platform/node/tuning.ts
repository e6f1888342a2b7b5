/** Where tuning databases lie in Node. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FoundTuning, parseTuning } from '../tuning.ts';
import { cacheFolder } from './cache.ts';
import { readFile, writeFileAtomic } from './files.ts';

/**
 * The databases to consider for an adapter, the first of most weight: the file that
 * `KINEGRAD_TUNING` names, and the one in the cache folder; none where the variable says `none`.
 * Each is read when it is asked for, so that what is not used may be broken.
 * @throws where a file is there, or is named, that cannot be read or is no tuning database
 */
export async function* readTunings(adapter: string): AsyncGenerator<FoundTuning> {
  const named = process.env.KINEGRAD_TUNING;
  if (named === 'none') return;
  if (named) {
    const text = await textOf(named).catch((error: Error) => {
      throw new Error(`KINEGRAD_TUNING: ${error.message} Name a tuning database, or none`);
    });
    yield { source: named, database: parseTuning(text, named) };
  }
  const folder = await cacheFolder({ create: false });
  const path = folder && join(folder, fileName(adapter));
  if (path && existsSync(path))
    yield { source: path, database: parseTuning(await textOf(path), path) };
}

/** Writes the database of an adapter to the cache folder, and gives its path. */
export async function writeTuning(adapter: string, text: string): Promise<string> {
  const path = join(await cacheFolder(), fileName(adapter));
  await writeFileAtomic(path, text);
  return path;
}

const textOf = async (path: string) => new TextDecoder().decode(await readFile(path));

const fileName = (adapter: string) =>
  `tuning-${adapter.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.json`.replace(/-+\./, '.');
