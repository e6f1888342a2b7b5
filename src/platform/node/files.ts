/** Files in Node. */

import {
  appendFile,
  mkdir,
  open,
  readFile as readBytes,
  readdir,
  rename,
  rm,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DownloadError } from '../errors.ts';
import { collect, openUrl } from '../fetch.ts';
import type { FileStream } from '../types.ts';

/**
 * The bytes of a file, or of what an http(s) URL gives, in memory of their own: views of any
 * element type may start at their first byte.
 */
export async function readFile(where: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  return collect(await openFile(where));
}

/** The same piece by piece. */
export async function openFile(where: string | URL, signal?: AbortSignal): Promise<FileStream> {
  if (/^https?:/.test(String(where))) return openUrl(where, signal);
  const path = /^file:/.test(String(where)) ? new URL(where) : where;
  try {
    const bytes = new Uint8Array(await readBytes(path, { signal }));
    return { chunks: once(bytes), length: bytes.length };
  } catch (error) {
    signal?.throwIfAborted();
    throw new DownloadError(`${where} was not read: ${reason(error)}.`, { cause: error });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

let drafts = 0;

/**
 * Writes a file so that, whatever happens, its path holds either all of the old bytes or all of the
 * new ones. Creates the folders that lead to it.
 * @throws one sentence that names the file, such as when the disk is full; the old file is then kept
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const draft = `${path}.${process.pid}-${drafts++}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    await sweep(folder, basename(path));
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(data);
      // The bytes must be on the disk before the name is, or a power cut leaves an empty file.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw new Error(`${path} was not written: ${reason(error)}.`, { cause: error });
  }
  await syncFolder(folder);
}

/**
 * Adds lines to the end of a file, which a kill may cut within the last of them.
 * @throws one sentence that names the file, such as when the disk is full
 */
export async function appendLines(path: string, lines: string): Promise<void> {
  try {
    await appendFile(path, lines);
  } catch (error) {
    throw new Error(`${path} was not written: ${reason(error)}.`, { cause: error });
  }
}

/** Removes a file; nothing where there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw new Error(`${path} was not removed: ${reason(error)}.`, { cause: error });
  }
}

/** The names of the files in a folder, in alphabetical order; none where there is no folder. */
export async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`${folder} was not read: ${reason(error)}.`, { cause: error });
  }
}

/** Removes drafts of the file that killed processes left. */
async function sweep(folder: string, name: string) {
  for (const entry of await readdir(folder)) {
    const pid =
      entry.startsWith(`${name}.`) && entry.slice(name.length).match(/^\.(\d+)-\d+\.tmp$/);
    if (pid && !alive(Number(pid[1]))) await rm(join(folder, entry), { force: true });
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes the new name last. Windows cannot, and some network file systems do not want to. */
async function syncFolder(folder: string) {
  if (process.platform === 'win32') return;
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space and run again; nothing that was there before is lost',
  EDQUOT: 'your disk quota is used up. Free some space and run again; nothing is lost',
  EFBIG: 'it is larger than the file system allows. Nothing that was there before is lost',
  EROFS: 'the disk is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a part of its path is a file, not a folder',
};

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
