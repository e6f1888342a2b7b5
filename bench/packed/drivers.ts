/** Drivers of NVIDIA that are there, but that a Vulkan loader would not find. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { driverFiles } from '../../src/platform/node/drivers.ts';

/** Where Kubernetes mounts the driver into a container. */
const MOUNTED = '/usr/local/nvidia/share';

/** Both hold the same Vulkan driver. The first needs X11's libraries, which servers often lack. */
const LIBRARIES = ['libGLX_nvidia.so.0', 'libEGL_nvidia.so.0'];

/**
 * Makes the Vulkan loader look where a container has NVIDIA's driver. Many containers have its
 * libraries, but no file that describes them to the loader; then a temporary one is written. What
 * the user says by VK_DRIVER_FILES or VK_ICD_FILENAMES stays as it is.
 */
export function announceDrivers(): void {
  if (process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES) return;
  if (existsSync(join(MOUNTED, 'vulkan/icd.d'))) addDataFolder(MOUNTED);
  if (driverFiles().some(isUsableNvidia)) return;
  const library = LIBRARIES.find(loads);
  if (!library) return;
  const folder = mkdtempSync(join(tmpdir(), 'kinegrad-driver-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'vulkan/icd.d'), { recursive: true });
  writeFileSync(join(folder, 'vulkan/icd.d/nvidia_icd.json'), description(library));
  addDataFolder(folder);
}

/** What a Vulkan loader reads of a driver. The driver itself says more exactly what it can do. */
const description = (library: string) =>
  JSON.stringify({
    file_format_version: '1.0.0',
    ICD: { library_path: library, api_version: '1.3.0' },
  });

/** Loaders older than VK_ADD_DRIVER_FILES know this one. */
function addDataFolder(folder: string): void {
  const known = process.env.XDG_DATA_DIRS || '/usr/local/share:/usr/share';
  process.env.XDG_DATA_DIRS = `${folder}:${known}`;
}

function isUsableNvidia(file: string): boolean {
  try {
    const library: string = JSON.parse(readFileSync(file, 'utf8')).ICD.library_path;
    if (!/nvidia/i.test(library)) return false;
    // With a slash it is meant from where the file is, else the dynamic linker looks for it.
    const nearby = library.includes('/') && !isAbsolute(library);
    return loads(nearby ? join(dirname(file), library) : library);
  } catch {
    return false;
  }
}

/** Whether the dynamic linker finds a library and all that it needs. */
function loads(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_LAZY);
    return true;
  } catch (error) {
    // It is no Node addon, so Node complains of one that loads, too.
    return String(error).includes('did not self-register');
  }
}
