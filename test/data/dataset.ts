import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder =
  process.env.KINEGRAD_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));

/** Whether the motion-capture data is on this machine. */
export const hasData = existsSync(`${folder}/cmu/cmu_poses.safetensors`);

/** Put this into the titles of the tests that are skipped without it. */
export const NEEDS_DATA = hasData ? '' : ' [skipped: no data folder; set KINEGRAD_DATA to one]';

export function bytesOf(path: string): Uint8Array {
  return readFileSync(`${folder}/${path}`);
}

export function textOf(path: string): string {
  return readFileSync(`${folder}/${path}`, 'utf8');
}
