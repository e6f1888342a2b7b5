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
 * Whether a filter names what is called `text`, a family, name and pass: all its words occur there,
 * and none of those that follow a minus. So `norm` finds batch norm and layer norm, `matmul gradient`
 * both gradients of matmul, and `conv -transpose` no transposed convolution.
 */
export const matches = (filter: string, text: string): boolean =>
  filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) =>
      word.startsWith('-')
        ? !text.toLowerCase().includes(word.slice(1))
        : text.toLowerCase().includes(word),
    );
