/** `--watch`: when a kernel's file is saved, what runs it is checked and timed again. */

import { spawn } from 'node:child_process';
import { watch as watchFolder } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeChange } from './compare.ts';
import { type Row, readResults, rowName } from './rows.ts';

/** Editors write a file in several goes, milliseconds apart. */
const SETTLED = 150;
/** A saved file is judged in seconds; the full run takes more rounds. */
const QUICK = ['--rounds', '3'];

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Measures once, then whenever a file of `shaders/` or `src/kernels/` is saved, until the process
 * is ended. Each measurement is a process of its own, which loads the files as they are then.
 * @param args of the command line, without `--watch`
 */
export async function watch(args: readonly string[]): Promise<never> {
  const scratch = await mkdtemp(join(tmpdir(), 'kinegrad-bench-'));
  const json = join(scratch, 'rows.json');
  const end = () => void rm(scratch, { recursive: true, force: true }).then(() => process.exit());
  process.once('SIGINT', end).once('SIGTERM', end);
  const known = new Map<string, Row>();

  const measure = async (more: readonly string[]) => {
    await rm(json, { force: true });
    await run([...QUICK, ...args, ...more, '--json', json]);
    let rows: readonly Row[];
    try {
      ({ rows } = readResults(json));
    } catch {
      return; // It has said itself why there are none.
    }
    for (const row of rows) {
      const before = known.get(rowName(row));
      if (before) console.log(describeChange(before, row));
      known.set(rowName(row), row);
    }
  };

  const waiting = new Set<string>();
  let wake = () => {};
  const saved = (file: string) => {
    waiting.add(file);
    wake();
  };
  watchFolder(folder('../shaders'), { recursive: true }, (_, file) => {
    if (file?.endsWith('.wgsl')) saved(file.replaceAll('\\', '/'));
  });
  watchFolder(folder('../src/kernels'), (_, file) => {
    if (file?.endsWith('.ts')) saved(`src/kernels/${file}`);
  });

  await measure([]);
  for (;;) {
    console.log('\nwaiting for a file of shaders/ or src/kernels/ to be saved; Ctrl-C ends');
    while (waiting.size === 0) await new Promise<void>((resolve) => (wake = resolve));
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    const files = [...waiting];
    waiting.clear();
    console.log(`\n${files.join(', ')} saved`);
    const shaders = files.every((file) => file.endsWith('.wgsl'));
    const rows = [...known.values()];
    if (!shaders || rows.length === 0) await measure([]);
    else if (rows.some((row) => row.files.some((file) => files.includes(file))))
      await measure(['--uses', ...files]);
    else console.log('nothing that is watched runs it');
  }
}

/** This command once more, with other arguments; what it prints is seen. */
function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve());
  });
}
