/** Reads back a page that was written. */

import { expect } from 'vitest';

/** Elements that have no end tag. */
const VOID = ['meta', 'input', 'br', 'link', 'img'];

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** All text inside, as a reader sees it; of scripts and styles, as it stands. */
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};
const decoded = (text: string) => text.replace(/&(?:lt|gt|quot|#39|amp);/g, (e) => ENTITIES[e]!);

/** Reads a page as a browser splits it; fails where a tag is not closed or a `<` stands alone. */
export function elementsOf(page: string): Element[] {
  const all: Element[] = [];
  const open: Element[] = [];
  const inside = (text: string) => {
    for (const element of open) element.text += text;
  };
  const token = /<!doctype html>|<(\/?)([a-z][a-z0-9]*)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*>|[^<]+/giy;
  while (token.lastIndex < page.length) {
    const at = token.lastIndex;
    const match = token.exec(page);
    if (!match) throw new Error(`not HTML at ${at}: ${page.slice(at, at + 80)}`);
    const [whole, end, name] = match;
    if (name === undefined) {
      if (!whole.startsWith('<')) inside(decoded(whole));
    } else if (end) {
      expect(open.pop()!.name).toBe(name);
    } else {
      const attributes = Object.fromEntries(
        [...match[3]!.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, k, v]) => [
          k!,
          decoded(v ?? ''),
        ]),
      );
      const element = { name, attributes, text: '' };
      all.push(element);
      if (VOID.includes(name)) continue;
      open.push(element);
      if (name !== 'script' && name !== 'style') continue;
      const stop = page.toLowerCase().indexOf(`</${name}`, token.lastIndex);
      element.text = page.slice(token.lastIndex, stop);
      token.lastIndex = stop;
    }
  }
  expect(open).toEqual([]);
  return all;
}
