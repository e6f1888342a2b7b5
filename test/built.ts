/** The package as it is built, for tests of what strangers get. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const root = resolve(import.meta.dirname, '..');

/** Builds `dist/` where it is older than what it is built from. Test files that ask at once wait for one build. */
export const built = (): Promise<void> =>
  withLock('building', async () => {
    const sources = ['src', 'shaders', 'scripts', 'package.json', 'tsconfig.build.json'];
    if (newest('dist/kinegrad.js') > Math.max(...sources.map(newest))) return;
    await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: root });
  });

/** Does work that only one process may do at a time; the others wait. */
export async function withLock(name: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const lock = join(root, '.cache', name);
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      // A build takes seconds, so an old lock is one that a kill has left.
      const since = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
      if (since > 60_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** When a file, or the newest one of a folder, was written; 0 where there is none. */
export function newest(name: string): number {
  const path = join(root, name);
  if (!existsSync(path)) return 0;
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return Math.max(...files.map((file) => statSync(join(path, file)).mtimeMs));
}
