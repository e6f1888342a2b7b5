/** The page's three.js, of which much is left out, draws what the whole of it draws. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { leanThree } from '../../web/lean_three.ts';
import page from '../../web/vite.config.ts';
import { root } from '../built.ts';
import { openBrowser, openPage } from './chromium.ts';
import type {} from './scene/scene.ts';
import { serve } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'scene-'));
const lean = leanThree().name;
let site: Awaited<ReturnType<typeof serve>>;
let browser: Awaited<ReturnType<typeof openBrowser>>;

/** Builds the pictures' page as the page itself is built, with or without what makes three.js lean. */
async function built(kind: 'lean' | 'whole') {
  const plugins = page.plugins!.filter((plugin) => {
    const { name } = plugin as { name: string };
    return name === lean ? kind === 'lean' : name !== 'files beside the page';
  });
  const outDir = join(folder, kind);
  await build({
    ...page,
    configFile: false,
    logLevel: 'error',
    root: join(root, 'test/browser/scene'),
    plugins,
    build: { ...page.build, outDir },
  });
}

beforeAll(async () => {
  for (const kind of ['lean', 'whole'] as const) await built(kind);
  site = await serve({ folders: { '/': `${folder}/` } });
  browser = await openBrowser(['--use-angle=swiftshader', '--enable-unsafe-swiftshader']);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  site?.close();
  rmSync(folder, { recursive: true });
});

async function drawnBy(kind: 'lean' | 'whole') {
  const { page, calm } = await openPage(browser, `${site.url}/${kind}/index.html`);
  const drawn = await page.evaluate(() => window.drawn);
  expect(calm()).toEqual([]);
  return drawn;
}

test('every picture is the same, pixel by pixel', async () => {
  const [lean, whole] = [await drawnBy('lean'), await drawnBy('whole')];
  expect(Object.keys(lean)).toHaveLength(7);
  for (const [name, bytes] of Object.entries(whole)) {
    const pixels = (png: number[]) => sharp(Buffer.from(png)).raw().toBuffer();
    const [a, b] = [await pixels(lean[name]!), await pixels(bytes)];
    expect(a.length, name).toBe(b.length);
    expect(a.equals(b), name).toBe(true);
    if (name === 'empty') continue;
    // Something is there to be seen.
    const { channels } = await sharp(Buffer.from(bytes)).stats();
    expect(Math.max(...channels.map(({ stdev }) => stdev)), name).toBeGreaterThan(2);
  }
});
