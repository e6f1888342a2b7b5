/** The built page in the browser of the tests, for tests of its views. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { newest, root, withLock } from '../built.ts';
import { openBrowser } from './chromium.ts';
import { serve } from './server.ts';

export const site = join(root, 'web/dist');

const SOURCES = [
  'src',
  'styles',
  'public',
  'three',
  'index.html',
  'lean_three.ts',
  'vite.config.ts',
];

/** Builds `web/dist/` where it is older than what it is built from. */
export const builtSite = (): Promise<void> =>
  withLock('building-web', async () => {
    const page = SOURCES.map((name) => `web/${name}`);
    const sources = [...page, 'src', 'shaders', 'weights', 'package.json'];
    if (newest('web/dist/index.html') > Math.max(...sources.map(newest))) return;
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    await promisify(execFile)(process.execPath, [vite, 'build', 'web'], { cwd: root });
  });

export interface OpenedSite {
  readonly browser: Browser;
  /** Address of the page, under a path of its own. */
  readonly url: string;
  /** Opens a view; `calm` gives what the console and the page said of errors. */
  open(
    hash: string,
    options?: BrowserContextOptions,
  ): Promise<{ page: Page; calm: () => readonly string[] }>;
  close(): Promise<void>;
}

/** Builds, serves and opens the page, below a path as on a site that it is only a part of. */
export async function openSite(): Promise<OpenedSite> {
  await builtSite();
  const server = await serve({ folders: { '/some/path/': `${site}/` } });
  // WebGL on SwiftShader, too: the 3D view draws by it. The page itself is painted without a GPU, as
  // everywhere where there is none.
  const browser = await openBrowser([
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--disable-gpu-rasterization',
  ]);
  const url = `${server.url}/some/path/index.html`;
  return {
    browser,
    url,
    async open(hash, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        ...options,
      });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.goto(`${url}#${hash}`);
      return { page, calm: () => errors };
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
