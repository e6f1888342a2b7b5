/** Files in a browser: what the page saved in its private file system, and what servers give. */

import { collect, openUrl } from '../fetch.ts';
import type { FileStream } from '../types.ts';

/** The bytes of a file that the page has written, else of what the URL gives. */
export async function readFile(where: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return collect(await openFile(where));
}

/** The same piece by piece. */
export async function openFile(where: string | URL, signal?: AbortSignal): Promise<FileStream> {
  const saved = typeof where === 'string' ? await savedFile(where) : undefined;
  return saved ? { chunks: whole(saved), length: saved.size } : openUrl(where, signal);
}

async function* whole(file: File): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await file.arrayBuffer());
}

/**
 * Writes a file of the origin's private file system: its path holds all of the old bytes until it
 * holds all of the new ones.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  try {
    const { folder, name } = await place(path, true);
    // The stream writes to a hidden copy, which takes the file's place when it is closed.
    const file = await folder.getFileHandle(name, { create: true });
    const stream = await file.createWritable();
    await stream.write(typeof data === 'string' ? data : new Uint8Array(data));
    await stream.close();
  } catch (error) {
    const full = (error as Error).name === 'QuotaExceededError';
    const reason = full ? "the browser's storage for this site is full" : (error as Error).message;
    throw new Error(`${path} was not written: ${reason}.`, { cause: error });
  }
}

async function savedFile(path: string): Promise<File | undefined> {
  try {
    const { folder, name } = await place(path, false);
    return await (await folder.getFileHandle(name)).getFile();
  } catch {
    return undefined;
  }
}

async function place(path: string, create: boolean) {
  const parts = path.split('/').filter((part) => part && part !== '.');
  const name = parts.pop() ?? '';
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
  return { folder, name };
}
