/** The runs that are kept in the page's own files: each its checkpoint, and all that it reported. */

import {
  listFiles,
  type RunConfig,
  readCheckpoint,
  readFile,
  removeFile,
  runConfigOf,
  type Snapshot,
  type Validation,
  writeCheckpoint,
  writeFileAtomic,
} from 'kinegrad';

/** A judgement of the network after so many steps. */
export interface Judgement extends Validation {
  readonly step: number;
  /** The people of the page as they were lifted then: [people * 17 * 3] millimetres from the pelvis. */
  readonly people: readonly number[];
  /** MPJPE where depth is withheld, of a network that takes it. */
  readonly withoutDepth?: number;
}

/** What a run has reported so far. */
export interface History {
  /** The loss of every step, in millimetres. */
  losses: number[];
  judgements: Judgement[];
  /** Time in steps, pauses aside. */
  seconds: number;
}

export interface Saved {
  readonly config: RunConfig;
  readonly history: History;
  readonly snapshot: Snapshot;
}

const FOLDER = 'train';
const ENDING = '.safetensors';
const fileOf = (run: string) => `${FOLDER}/${run}${ENDING}`;

/** Tells other tabs of this page which run has been saved. */
const channel = new BroadcastChannel('kinegrad train');

/** The names of the runs that are kept. */
export async function listRuns(): Promise<string[]> {
  const files = await listFiles(FOLDER).catch(() => []);
  const names = files.filter((name) => name.endsWith(ENDING));
  const inOrder = new Intl.Collator('en', { numeric: true }).compare;
  return names.map((name) => name.slice(0, -ENDING.length)).sort(inOrder);
}

/** @throws where the browser has no room, or keeps nothing, with the reason */
export async function save(
  run: string,
  config: RunConfig,
  history: History,
  snapshot: Snapshot,
): Promise<void> {
  await writeFileAtomic(fileOf(run), writeCheckpoint(snapshot, { config, history }));
  channel.postMessage(run);
}

/** A run that was kept; undefined where there is none, or none that can be read. */
export async function load(run: string): Promise<Saved | undefined> {
  try {
    // What is not there would be asked of the server.
    if (!(await listRuns()).includes(run)) return undefined;
    const { snapshot, about } = readCheckpoint(await readFile(fileOf(run)));
    const { config, history } = about as { config: Record<string, unknown>; history: History };
    return { config: runConfigOf(config), history, snapshot };
  } catch {
    return undefined;
  }
}

/** Forgets a run. */
export async function forget(run: string): Promise<void> {
  await removeFile(fileOf(run));
  channel.postMessage(run);
}

/** Calls back whenever another tab saves or forgets the run, until the signal is aborted. */
export function whenSaved(run: string, signal: AbortSignal, act: () => void): void {
  const hear = ({ data }: MessageEvent) => data === run && act();
  channel.addEventListener('message', hear, { signal });
}
