/**
 * Where a page keeps files: the origin's private file system, or a database where a browser has
 * none that a page can write (Safari before 26, private windows).
 */

import { database } from './database.ts';

/** Files by plain paths such as `train/run.safetensors`, without empty parts or dots. */
export interface PageStorage {
  /** The bytes of a file; undefined where there is none. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The path holds all of the old bytes until it holds all of the new ones. */
  write(path: string, data: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes a file; nothing where there is none. */
  remove(path: string): Promise<void>;
  /** The names of the files in a folder, in alphabetical order. */
  list(folder: string): Promise<string[]>;
}

let chosen: Promise<PageStorage> | undefined;

/** The storage of this page, the same one for as long as it lives. */
export function pageStorage(): Promise<PageStorage> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<PageStorage> {
  try {
    // Some have the files, but let only Workers write them, by handles that lock.
    const writable = 'createWritable' in FileSystemFileHandle.prototype;
    if (writable) return privateFiles(await navigator.storage.getDirectory());
  } catch {
    // Not there, or forbidden in this window.
  }
  return database;
}

function privateFiles(root: FileSystemDirectoryHandle): PageStorage {
  const folderOf = async (parts: readonly string[], create = false) => {
    let folder = root;
    for (const part of parts) folder = await folder.getDirectoryHandle(part, { create });
    return folder;
  };
  const place = async (path: string, create = false) => {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    return { folder: await folderOf(parts, create), name };
  };
  return {
    read: (path) =>
      unlessMissing(async () => {
        const { folder, name } = await place(path);
        const file = await (await folder.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      }),
    async write(path, data) {
      const { folder, name } = await place(path, true);
      // The stream writes to a hidden copy, which takes the file's place when it is closed.
      const file = await folder.getFileHandle(name, { create: true });
      const stream = await file.createWritable();
      await stream.write(data);
      await stream.close();
    },
    remove: (path) =>
      unlessMissing(async () => {
        const { folder, name } = await place(path);
        await folder.removeEntry(name);
      }),
    async list(path) {
      const names: string[] = [];
      const folder = await unlessMissing(() => folderOf(path.split('/')));
      for await (const [name, { kind }] of folder?.entries() ?? [])
        if (kind === 'file') names.push(name);
      return names.sort();
    },
  };
}

async function unlessMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    // A folder may have the name of a file, too.
    if (/^(NotFound|TypeMismatch)Error$/.test((error as Error).name)) return undefined;
    throw error;
  }
}
