/** The runs that are kept in the page's own files: each its checkpoint, and all that it reported. */

import {
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
import { fileOf, listRuns, tell } from './run_list.ts';

/** A judgement of the network after so many steps. */
export interface Judgement extends Validation {
  readonly step: number;
  /** The people of the page as they were lifted then: [people * 17 * 3] millimetres from the pelvis. */
  readonly people: readonly number[];
  /** MPJPE where depth is withheld, of a network that takes it, and the same people as it lifts them then. */
  readonly withoutDepth?: number;
  readonly peopleWithoutDepth?: readonly number[];
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

/** @throws where the browser has no room, or keeps nothing, with the reason */
export async function save(
  run: string,
  config: RunConfig,
  history: History,
  snapshot: Snapshot,
): Promise<void> {
  await writeFileAtomic(fileOf(run), writeCheckpoint(snapshot, { config, history }));
  tell(run);
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
  tell(run);
}
