/** Which Vulkan drivers are installed, by the files that describe them. */

import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The driver descriptions that a Vulkan loader on Linux would read: those named by the environment,
 * else those of its folders (Driver Search on Linux, LoaderDriverInterface.md of Vulkan-Loader).
 */
export function driverFiles(): string[] {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  const named = VK_DRIVER_FILES || VK_ICD_FILENAMES;
  const added = split(VK_ADD_DRIVER_FILES);
  const paths = named ? split(named) : [...added, ...folders()];
  return paths.filter((path) => existsSync(path)).flatMap(descriptions);
}

function folders(): string[] {
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  return [
    XDG_CONFIG_HOME || join(homedir(), '.config'),
    ...split(XDG_CONFIG_DIRS || '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    XDG_DATA_HOME || join(homedir(), '.local/share'),
    ...split(XDG_DATA_DIRS || ''),
    '/usr/local/share',
    '/usr/share',
    '/run/opengl-driver/share',
  ].map((folder) => join(folder, 'vulkan', 'icd.d'));
}

const split = (list: string | undefined) => (list ?? '').split(':').filter(Boolean);

/** A path of the environment may name a file or a folder of files. */
function descriptions(path: string): string[] {
  if (path.endsWith('.json')) return [path];
  try {
    return readdirSync(path)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}
