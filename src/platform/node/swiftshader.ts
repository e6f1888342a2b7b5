import { readFileSync } from 'node:fs';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { cacheFolder } from './cache.ts';

/** The npm package that carries SwiftShader's Vulkan driver and a Vulkan loader, packed. */
export const SWIFTSHADER_PACKAGE = '@sparticuz/chromium';

const DRIVER = 'vk_swiftshader_icd.json';
const LOADER = 'libvulkan.so.1';
const FILES = [DRIVER, LOADER, 'libvk_swiftshader.so'];

/** Paths of what was unpacked: the driver's description for VK_DRIVER_FILES, and the loader. */
export interface Unpacked {
  readonly driver: string;
  readonly loader: string;
}

/** Why the embedded driver cannot be had here; undefined where it can. */
export function whyNoSwiftShader(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the npm package has it for x64 Linux only, and this is ${process.arch} ${process.platform}`;
  }
  return packageFolder() ? undefined : `the npm package ${SWIFTSHADER_PACKAGE} is not installed`;
}

function packageFolder(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve(SWIFTSHADER_PACKAGE);
    return join(dirname(entry), '..', '..');
  } catch {
    return undefined;
  }
}

/**
 * Unpacks SwiftShader into the cache folder, once for each version of the package.
 * @throws where `whyNoSwiftShader()` has a reason
 */
export async function unpackSwiftShader(): Promise<Unpacked> {
  const from = packageFolder();
  if (!from) throw new Error(`SwiftShader: ${whyNoSwiftShader()}.`);
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const folder = join(await cacheFolder(), `swiftshader-${version}`);
  const unpacked = { driver: join(folder, DRIVER), loader: join(folder, LOADER) };
  if (await exists(unpacked.driver)) return unpacked;

  const packed = await readFile(join(from, 'bin', 'swiftshader.tar.br'));
  const files = untar(await promisify(brotliDecompress)(packed));
  // The whole folder appears at once, so that no other process ever loads half a driver.
  const draft = `${folder}.${process.pid}.${Date.now()}`;
  try {
    await mkdir(draft, { mode: 0o700 });
    for (const name of FILES) {
      const bytes = files.get(name);
      if (!bytes) throw new Error(`${SWIFTSHADER_PACKAGE} ${version} has no ${name}.`);
      await writeFile(join(draft, name), bytes, { mode: 0o600 });
    }
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process may have been first; its folder is as good.
    if (!(await exists(unpacked.driver))) throw error;
  }
  return unpacked;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The plain files of a ustar archive (POSIX.1-1988), by name. */
function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = new TextDecoder();
  const field = (at: number, size: number) =>
    text.decode(archive.subarray(at, at + size)).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    files.set(field(at, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 * (1 + Math.ceil(size / 512));
  }
  return files;
}

let loader: Promise<void> | undefined;

/**
 * Makes sure that the process has a Vulkan loader, with the packed one where the system has none.
 * Dawn asks the dynamic linker for `libvulkan.so.1` and is given the one that is there already.
 */
export function loadVulkanLoader(): Promise<void> {
  loader ??= (async () => {
    if (process.platform !== 'linux' || load(LOADER) || whyNoSwiftShader()) return;
    load((await unpackSwiftShader()).loader);
  })();
  return loader;
}

/** Loads a shared library for good; false where it is missing or broken. */
function load(library: string): boolean {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const RTLD_NODELETE = 0x1000;
  try {
    process.dlopen({ exports: {} }, library, RTLD_NOW! | RTLD_GLOBAL! | RTLD_NODELETE);
    return true;
  } catch (error) {
    // It is no Node addon, so Node complains; the library stays loaded all the same.
    return String(error).includes('did not self-register');
  }
}
