/** What bundlers make of a page that lifts, in a real browser, below a path and under a strict policy. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, expect, test } from 'vitest';
import webpack from 'webpack';
import { openConsumer } from '../consumer.ts';
import { openPage } from './chromium.ts';
import { openSite, type PageWindow, STANDING } from './package_site.ts';

declare const window: PageWindow;

const { folder, remove } = await openConsumer();
afterAll(remove);

const entry = join(folder, 'entry.js');
writeFileSync(
  entry,
  `
    import { cameraFromFov, loadLifter, martinez } from 'kinegrad';
    loadLifter(martinez, 'weights/martinez.safetensors')
      .then((lifter) => lifter.lift(${JSON.stringify(STANDING)}, cameraFromFov(1000, 667, 60)))
      .then((lifted) => { window.answer = lifted.joints; });
  `,
);

const BUNDLERS = {
  async esbuild() {
    const options = { bundle: true, minify: true, format: 'esm', write: false } as const;
    const { outputFiles } = await esbuild({ entryPoints: [entry], ...options });
    return outputFiles[0]!.text;
  },
  async vite() {
    const result = await vite({
      root: folder,
      logLevel: 'silent',
      configFile: false,
      build: { write: false, modulePreload: false, rollupOptions: { input: entry } },
    });
    const { output } = result as unknown as { output: { code?: string }[] };
    expect(output).toHaveLength(1);
    return output[0]!.code!;
  },
  async webpack() {
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry,
      // Its minifier takes seconds.
      optimization: { minimize: false },
      performance: false,
      output: { path: folder, filename: 'webpack.js' },
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    expect(stats!.toString({ all: false, errors: true, warnings: true })).toBe('');
    return readFileSync(join(folder, 'webpack.js'), 'utf8');
  },
} as const;
const bundlers = Object.keys(BUNDLERS) as (keyof typeof BUNDLERS)[];

const files: Record<string, string> = {};
for (const name of bundlers) {
  files[`${name}.html`] = `<!doctype html><script type="module" src="${name}.js"></script>`;
  files[`${name}.js`] = await BUNDLERS[name]();
}
const site = openSite(files);

test.each(bundlers)('a page bundled by %s lifts what a plain one does', async (name) => {
  const { page: plain } = await site.open();
  const expected = await plain.evaluate(async (standing) => {
    const { cameraFromFov, loadLifter, martinez } = window.kinegrad;
    const lifter = await loadLifter(martinez, 'weights/martinez.safetensors');
    return (await lifter.lift(standing, cameraFromFov(1000, 667, 60))).joints;
  }, STANDING);
  const { page, calm } = await openPage(site.browser, `${site.url}${name}.html`);
  await page.waitForFunction(() => window.answer);
  expect(await page.evaluate(() => window.answer)).toEqual(expected);
  expect(calm()).toEqual([]);
});
