/**
 * The folder of a training run: `config.json`, `log.jsonl`, `checkpoint.safetensors`, the weights
 * as `model.safetensors` (the best on poses that are held out, else the last), and the picture of
 * the curve. Files are replaced whole, so that a kill at any moment leaves the last ones as they
 * were.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '#platform';
import type { Snapshot } from '../graph/program.ts';
import { appendLines } from '../platform/node/files.ts';
import { readCheckpoint, writeCheckpoint } from '../train/checkpoint.ts';
import { type RunConfig, runConfigOf } from '../train/run_config.ts';
import { parsed } from './parsed.ts';

/** A line of the log: of a step, and of what a validation after it gave. */
export interface LogEntry {
  readonly step: number;
  readonly loss: number;
  readonly rate: number;
  readonly gradientNorm: number;
  readonly lossScale?: number;
  readonly skippedSteps?: number;
  readonly mpjpe?: number;
  readonly paMpjpe?: number;
  readonly seconds: number;
}

export interface RunFolder {
  readonly path: string;
  readonly config: RunConfig;
  readonly log: LogEntry[];
  /** Queues a line; it is written with the next `flush` or `checkpoint`. */
  append(entry: LogEntry): void;
  flush(): Promise<void>;
  /** @param position of data that come as a stream */
  checkpoint(snapshot: Snapshot, best: number, position?: object): Promise<void>;
  write(name: string, data: Uint8Array | string): Promise<void>;
}

const paths = (folder: string) => ({
  config: join(folder, 'config.json'),
  log: join(folder, 'log.jsonl'),
  checkpoint: join(folder, 'checkpoint.safetensors'),
  model: join(folder, 'model.safetensors'),
});

/** The weights of a run folder, or the file itself where a file is given. */
export const modelPath = (path: string): string =>
  path.endsWith('.safetensors') ? path : paths(path).model;

/** @throws where a folder holds a run */
export function refuseRun(folder: string): void {
  if (existsSync(paths(folder).config))
    throw new Error(
      `${folder} holds a run already. Go on with it by 'kinegrad train --resume ${folder}', or give another --out`,
    );
}

/** Starts a run in a folder that holds none yet. */
export async function newRun(folder: string, config: RunConfig): Promise<RunFolder> {
  const { config: file } = paths(folder);
  refuseRun(folder);
  await writeFileAtomic(file, `${JSON.stringify(config, null, 2)}\n`);
  return runFolder(folder, config, []);
}

/** Opens a run to go on with: its log is cut back to its checkpoint. */
export async function resumeRun(folder: string): Promise<{
  run: RunFolder;
  snapshot: Snapshot | undefined;
  best: number;
  position?: Readonly<Record<string, unknown>> | undefined;
}> {
  const files = paths(folder);
  if (!existsSync(files.config))
    throw new Error(
      `${folder} holds no run: there is no ${files.config}. Start one with 'kinegrad train martinez --out ${folder}'`,
    );
  const config = await parsed(files.config, (bytes) =>
    runConfigOf(JSON.parse(new TextDecoder().decode(bytes))),
  );
  if (!existsSync(files.checkpoint))
    return { run: runFolder(folder, config, []), snapshot: undefined, best: Infinity };
  const { snapshot, about } = await parsed(files.checkpoint, readCheckpoint);
  const log = (await readLog(folder)).filter(({ step }) => step <= snapshot.step);
  await writeFileAtomic(files.log, log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return {
    run: runFolder(folder, config, log),
    snapshot,
    best: Number(about.best ?? Infinity),
    position: about.position as Readonly<Record<string, unknown>> | undefined,
  };
}

/** The log of a run. A last line that a kill has cut is left out. */
export async function readLog(folder: string): Promise<LogEntry[]> {
  const { log } = paths(folder);
  if (!existsSync(log)) return [];
  return (await readFile(log, 'utf8')).split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

function runFolder(folder: string, config: RunConfig, log: LogEntry[]): RunFolder {
  const files = paths(folder);
  let waiting = '';
  const flush = async () => {
    const lines = waiting;
    waiting = '';
    if (lines) await appendLines(files.log, lines);
  };
  return {
    path: folder,
    config,
    log,
    append(entry) {
      log.push(entry);
      waiting += `${JSON.stringify(entry)}\n`;
    },
    flush,
    async checkpoint(snapshot, best, position) {
      await flush();
      const about = {
        config,
        ...(Number.isFinite(best) && { best }),
        ...(position && { position }),
      };
      await writeFileAtomic(files.checkpoint, writeCheckpoint(snapshot, about));
    },
    write: (name, data) => writeFileAtomic(join(folder, name), data),
  };
}
