/** The run that is kept in the page's private file system: its checkpoint, and all that it reported. */

import {
  configOf,
  type LifterConfig,
  readCheckpoint,
  readFile,
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
  readonly config: LifterConfig;
  readonly history: History;
  readonly snapshot: Snapshot;
}

const FOLDER = 'train';
const FILE = 'checkpoint.safetensors';

/** @throws where the browser has no room, or no private files, with the reason */
export function save(config: LifterConfig, history: History, snapshot: Snapshot): Promise<void> {
  return writeFileAtomic(`${FOLDER}/${FILE}`, writeCheckpoint(snapshot, { config, history }));
}

/** The run that was kept; undefined where there is none, or none that can be read. */
export async function load(): Promise<Saved | undefined> {
  try {
    // What is not there would be asked of the server.
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER);
    await folder.getFileHandle(FILE);
    const { snapshot, about } = readCheckpoint(await readFile(`${FOLDER}/${FILE}`));
    const { config, history } = about as { config: Record<string, unknown>; history: History };
    return { config: configOf(config), history, snapshot };
  } catch {
    return undefined;
  }
}

/** Forgets the run. */
export async function forget(): Promise<void> {
  try {
    await (await navigator.storage.getDirectory()).removeEntry(FOLDER, { recursive: true });
  } catch {
    // There was none.
  }
}
