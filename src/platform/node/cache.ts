import { chmod, mkdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for files that can be made again, created if need be: the user's cache folder, or a
 * private one among the temporary files where that cannot be written. With `create: false`,
 * undefined where there is none yet.
 */
export async function cacheFolder(): Promise<string>;
export async function cacheFolder(options: { create: false }): Promise<string | undefined>;
export async function cacheFolder({ create } = { create: true }): Promise<string | undefined> {
  const user = process.getuid?.() ?? 'user';
  for (const folder of [join(userCaches(), 'kinegrad'), join(tmpdir(), `kinegrad-${user}`)]) {
    try {
      if (create) await mkdir(folder, { recursive: true, mode: 0o700 });
      // Drivers are loaded from here, so nobody else may own it or write to it.
      const { uid, mode } = await stat(folder);
      if (process.getuid && uid !== process.getuid()) continue;
      if (mode & 0o022) await chmod(folder, 0o700);
      return folder;
    } catch {}
  }
  if (!create) return undefined;
  throw new Error(
    `No folder for cached files: neither ${userCaches()} nor ${tmpdir()} can be written. ` +
      'Set XDG_CACHE_HOME to a folder that can.',
  );
}

function userCaches(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return XDG_CACHE_HOME;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32' && LOCALAPPDATA) return LOCALAPPDATA;
  return join(homedir(), '.cache');
}
