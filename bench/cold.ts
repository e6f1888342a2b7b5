/**
 * Environment in which drivers do not reuse what an earlier process compiled, which would make the
 * second run compile in no time. What this process itself has compiled they may keep: the bench has
 * pipelines made again for each round, to lie elsewhere.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Variables that give drivers an empty cache of shaders, which ends with this process. */
export function coldDrivers(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'kinegrad-shaders-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { MESA_SHADER_CACHE_DIR: folder, __GL_SHADER_DISK_CACHE_PATH: folder };
}
