/** What the built page weighs, and what its policy and its paths allow. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { builtSite, site } from './site.ts';

beforeAll(builtSite);

const files = (ending: string) =>
  readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, text: readFileSync(join(site, name), 'utf8') }));

test('all JavaScript of the page, three.js included, is at most 250 kB gzipped', () => {
  const sizes = files('.js').map(({ name, text }) => [name, gzipSync(text).length] as const);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total, sizes.map((pair) => pair.join(' ')).join('\n')).toBeLessThanOrEqual(250_000);
});

test('the first view needs no other: its code, its style and the shell are below 65 kB', () => {
  const html = files('index.html')[0]!.text;
  const first = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, name]) => name!);
  expect(first.length).toBeGreaterThanOrEqual(2);
  const bytes = first.map((name) => gzipSync(readFileSync(join(site, name))).length);
  expect(bytes.reduce((sum, size) => sum + size)).toBeLessThan(65_000);
});

test('addresses are relative, and nothing is inline or evaluated', () => {
  const html = files('index.html')[0]!.text;
  expect(html).toContain("default-src 'none'; script-src 'self'");
  expect(html).not.toMatch(/unsafe-|blob:|<style|<script(?![^>]*src=)| style="| on\w+="/);
  expect(html).not.toMatch(/(?:src|href)="(?:\/|https?:)/);
  for (const { text } of files('.js')) expect(text).not.toMatch(/[^.\w]eval\(|new Function\(/);
});
