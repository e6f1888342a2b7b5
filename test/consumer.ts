/** A folder of somebody who has installed the package. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built, root } from './built.ts';

/** Builds the package and makes such a folder. */
export async function openConsumer(): Promise<{ folder: string; remove(): void }> {
  await built();
  const folder = mkdtempSync(join(tmpdir(), 'kinegrad-consumer-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/kinegrad'));
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
