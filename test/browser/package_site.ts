/** The built package on a site of its own: under a sub-path, with a strict policy, in one Chromium for a test file. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { built, root } from '../built.ts';
import { openBrowser, openPage } from './chromium.ts';
import { type Site, serve } from './server.ts';

type Kinegrad = typeof import('../../src/index.ts');
/** The window of the site's page. */
export type PageWindow = {
  kinegrad: Kinegrad;
  answer?: unknown;
} & typeof globalThis;

export const weights = readFileSync(join(root, 'weights/martinez.safetensors'));

/** A standing person of Human3.6M's 17 joints, in pixels of 1000 x 667. */
export const STANDING = [
  [500, 320],
  [470, 320],
  [465, 430],
  [460, 540],
  [530, 320],
  [535, 430],
  [540, 540],
  [500, 260],
  [500, 190],
  [502, 150],
  [505, 110],
  [545, 195],
  [560, 260],
  [570, 320],
  [455, 195],
  [440, 260],
  [430, 320],
].flat();

/** No eval, nothing inline, no blobs: only modules, workers and data of the site itself. */
const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";

/** Nothing is served outside it, so that an address from the root would be a fault. */
const PATH = '/some/sub/path/';

const PAGE = {
  '': '<!doctype html><title>Test</title><script type="module" src="page.js"></script>',
  'page.js': `
    import * as kinegrad from './kinegrad/kinegrad.js';
    window.kinegrad = kinegrad;
  `,
};

export interface Opened {
  readonly url: string;
  /** The browser's page, once the package is there, and what went wrong in it. */
  open(): ReturnType<typeof openPage>;
  browser: Awaited<ReturnType<typeof openBrowser>>;
}

/**
 * Builds, serves and opens it before the tests of a file, and closes it after them.
 * @param files more files, by their paths from the page's
 */
export function openSite(
  files: NonNullable<Site['files']> = {},
  args: readonly string[] = [],
): Opened {
  const opened = {} as { -readonly [K in keyof Opened]: Opened[K] };
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    await built();
    const all = Object.entries({ ...PAGE, ...files });
    server = await serve({
      folders: {
        [`${PATH}kinegrad/`]: join(root, 'dist'),
        [`${PATH}weights/`]: join(root, 'weights'),
      },
      files: Object.fromEntries(all.map(([name, file]) => [PATH + name, file])),
      headers: { 'content-security-policy': POLICY },
    });
    opened.url = server.url + PATH;
    opened.browser = await openBrowser(args);
    opened.open = async () => {
      const made = await openPage(opened.browser, opened.url);
      await made.page.waitForFunction(() => (globalThis as Partial<PageWindow>).kinegrad);
      return made;
    };
  });
  afterAll(async () => {
    await opened.browser?.close();
    server?.close();
  });
  return opened;
}
