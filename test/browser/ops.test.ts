/**
 * A third of every op's sheet in a page, against the same references as in Node, and bit for bit what
 * Node makes of it on the same SwiftShader.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../built.ts';
import { bundleTest } from './bundle.ts';
import { openBrowser, openPage } from './chromium.ts';
import { serve } from './server.ts';

type Sheets = typeof import('./sheets.ts');
declare const window: { sheets: Sheets } & typeof globalThis;

const folder = join(root, 'test/kernels');
const files = readdirSync(folder).filter((name) =>
  /^ *checkOp[<(]/m.test(readFileSync(join(folder, name), 'utf8')),
);
const entry = [
  ...files.map((name) => `import '../kernels/${name}';`),
  "export * from './sheets.ts';",
].join('\n');
const sheets = join(import.meta.dirname, 'sheets.ts');
const standIns = { vitest: sheets, 'check.ts': sheets, 'devices.ts': sheets };

const cache = join(root, '.cache', `sheets-${process.pid}`);
mkdirSync(cache, { recursive: true });
writeFileSync(join(cache, 'node.mjs'), await bundleTest(entry, 'node', standIns));
const inNode: Sheets = await import(join(cache, 'node.mjs'));
const { names, cases, all } = inNode.contents();

let browser: Browser;
let server: Awaited<ReturnType<typeof serve>>;
let page: Page;
beforeAll(async () => {
  server = await serve({
    files: {
      '/': '<!doctype html><title>Ops</title><script type="module" src="/page.js"></script>',
      '/page.js': "import * as sheets from '/sheets.js'; window.sheets = sheets;",
      '/sheets.js': await bundleTest(entry, 'browser', standIns),
    },
  });
  browser = await openBrowser();
  page = (await openPage(browser, server.url)).page;
  await page.waitForFunction(() => window.sheets);
});
afterAll(async () => {
  await inNode.close();
  await browser?.close();
  server?.close();
  rmSync(cache, { recursive: true });
});

test('they are about a third of all cases, of every sheet', () => {
  expect(names.length).toBeGreaterThan(60);
  expect(cases / all).toBeGreaterThan(0.3);
});

test.each(names)('%s', async (name) => {
  const [there, here] = await Promise.all([
    page.evaluate((name) => window.sheets.runSheet(name), name),
    inNode.runSheet(name),
  ]);
  expect(there.flatMap(({ why, faults }) => faults.map((fault) => `${why}: ${fault}`))).toEqual([]);
  expect(there.map(({ why, bits }, i) => [why, difference(bits, here[i]!.bits)])).toEqual(
    here.map(({ why }) => [why, 'none']),
  );
});

/** Where two arrays of bits of f32 differ most, and by how much. */
function difference(a: readonly number[], b: readonly number[]): string {
  const floats = (bits: readonly number[]) => new Float32Array(Uint32Array.from(bits).buffer);
  const [x, y] = [floats(a), floats(b)];
  const differing = a.flatMap((bits, i) => (bits === b[i] ? [] : [i]));
  if (differing.length === 0 && a.length === b.length) return 'none';
  const worst = Math.max(...differing.map((i) => Math.abs(x[i]! - y[i]!) / (1 + Math.abs(y[i]!))));
  return `${differing.length} of ${b.length} values, by ${worst} at most`;
}
