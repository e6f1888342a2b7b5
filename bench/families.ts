/** The bench files: every `*.bench.ts` beside this file, found by its name. */

import { readdirSync } from 'node:fs';
import type { Family } from './family.ts';

/** All families, by name. */
export async function loadFamilies(): Promise<Family[]> {
  const here = new URL('.', import.meta.url);
  const files = readdirSync(here).filter((name) => /\.bench\.[jt]s$/.test(name));
  const modules = await Promise.all(
    files.sort().map((name) => import(new URL(name, here).href) as Promise<{ family: Family }>),
  );
  return modules.map(({ family }) => family);
}

/**
 * Families and cases that a filter names: words that must all occur in `family name pass`, such as
 * `matmul gradient`. `conv` finds every family whose name begins so.
 */
export const matches = (filter: string, text: string): boolean =>
  filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
