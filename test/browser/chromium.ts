/**
 * A Chromium for the tests: the one that KINEGRAD_CHROMIUM names, else the one in the npm package
 * @sparticuz/chromium, which brings SwiftShader along, and the libraries that a bare Linux lacks.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { cacheFolder } from '../../src/platform/node/cache.ts';
import { root } from '../built.ts';

const run = promisify(execFile);

interface Installed {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the browser, with WebGPU on SwiftShader, whatever GPU there is: the tests are about bits. */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const { path, env } = await installed();
  return chromium.launch({
    executablePath: path,
    env: { ...process.env, ...env } as Record<string, string>,
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', ...args],
  });
}

/** A page whose errors, and what its console says of errors, fail the test that calls `calm`. */
export async function openPage(
  browser: Browser,
  url: string,
): Promise<{ page: Page; calm: () => readonly string[] }> {
  const page = await (await browser.newContext()).newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(url);
  return { page, calm: () => errors };
}

async function installed(): Promise<Installed> {
  const named = process.env.KINEGRAD_CHROMIUM;
  if (named) return { path: named, env: {} };
  const folder = await unpacked();
  const path = join(folder, 'chromium');
  const { stdout } = await run('ldd', [path]);
  if (!stdout.includes('not found')) return { path, env: {} };
  const libraries = join(folder, 'al2023/lib');
  return { path, env: { LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: join(folder, 'fonts') } };
}

/** Unpacks the package into the cache, once for each version; the folder appears as a whole. */
async function unpacked(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const file = join(dirname(entry), '../../package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const folder = join(await cacheFolder(), `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { mode: 0o700 });
  try {
    const code = "(await import('@sparticuz/chromium')).default.executablePath()";
    // It unpacks into the folder for temporary files, and its libraries only where it believes to be on AWS.
    const env = { ...process.env, TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' };
    await run(process.execPath, ['--input-type=module', '-e', `await ${code}`], { cwd: root, env });
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
