/** Files in a browser: what the page has saved, and what servers give. */

import { collect, openUrl } from '../fetch.ts';
import type { FileStream } from '../types.ts';
import { pageStorage } from './storage.ts';

/** The bytes of a file that the page has written, else of what the URL gives. */
export async function readFile(where: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return collect(await openFile(where));
}

/** The same piece by piece. */
export async function openFile(where: string | URL, signal?: AbortSignal): Promise<FileStream> {
  const saved = typeof where === 'string' ? await savedFile(where) : undefined;
  return saved ? { chunks: whole(saved), length: saved.length } : openUrl(where, signal);
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Writes a file of the page: its path holds all of the old bytes until it holds all of the new
 * ones. It lies in the origin's private file system, or in its IndexedDB where there is none.
 * @throws one sentence that names the file, such as when the storage of the site is full
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
  try {
    await (await pageStorage()).write(plain(path), bytes);
  } catch (error) {
    throw new Error(`${path} was not written: ${reason(error)}.`, { cause: error });
  }
}

/** Removes a file that was written; nothing where there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await (await pageStorage()).remove(plain(path));
  } catch (error) {
    throw new Error(`${path} was not removed: ${reason(error)}.`, { cause: error });
  }
}

/** The names of the files that were written to a folder; none where there is no such folder. */
export async function listFiles(folder: string): Promise<string[]> {
  try {
    return await (await pageStorage()).list(plain(folder));
  } catch (error) {
    throw new Error(`${folder} was not read: ${reason(error)}.`, { cause: error });
  }
}

async function savedFile(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await (await pageStorage()).read(plain(path));
  } catch {
    // Where a page may keep nothing, it has kept nothing.
    return undefined;
  }
}

/** The same file by all its names: `./a//b` is `a/b`. */
const plain = (path: string) =>
  path
    .split('/')
    .filter((part) => part && part !== '.')
    .join('/');

function reason(error: unknown): string {
  const { name, message } = error as Error;
  return name === 'QuotaExceededError' ? "the browser's storage for this site is full" : message;
}
