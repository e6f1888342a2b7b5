/** Which runs are kept in the page's own files, and when one changes. */

import { listFiles } from 'kinegrad';

const FOLDER = 'train';
const ENDING = '.safetensors';
export const fileOf = (run: string) => `${FOLDER}/${run}${ENDING}`;

/** The names of the runs that are kept. */
export async function listRuns(): Promise<string[]> {
  const files = await listFiles(FOLDER).catch(() => []);
  const names = files.filter((name) => name.endsWith(ENDING));
  const inOrder = new Intl.Collator('en', { numeric: true }).compare;
  return names.map((name) => name.slice(0, -ENDING.length)).sort(inOrder);
}

/** A channel does not hear itself, and other views of this tab want to know, too. */
const [told, heard] = [0, 1].map(() => new BroadcastChannel('kinegrad train')) as [
  BroadcastChannel,
  BroadcastChannel,
];

/** Tells all tabs that a run has been saved or forgotten. */
export const tell = (run: string): void => told.postMessage(run);

/** Calls back whenever a run is saved or forgotten, here or in another tab, until the signal is aborted. */
export function whenSaved(signal: AbortSignal, act: (run: string) => void): void {
  heard.addEventListener('message', ({ data }) => act(data), { signal });
}
