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

  /** Whether there were results; where not, the measurement has said why. */
  const measure = async (more: readonly string[]): Promise<boolean> => {
    await rm(json, { force: true });
    await run([...QUICK, ...args, ...more, '--json', json]);
    let rows: readonly Row[];
    try {
      ({ rows } = readResults(json));
    } catch {
      return false;
    }
    for (const row of rows) {
      const before = known.get(rowName(row));
      if (before) console.log(describeChange(before, row));
      known.set(rowName(row), row);
    }
    return true;
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

  // Saved since there were results; and whether all is to be measured, as at first. What runs a file
  // is found by planning anew, so that what failed before is measured when its file is mended.
  const changed = new Set<string>();
  let all = true;
  const attempt = async () => {
    if (!(await measure(all ? [] : ['--uses', ...changed]))) return;
    changed.clear();
    all = false;
  };
  await attempt();
  for (;;) {
    console.log('\nwaiting for a file of shaders/ or src/kernels/ to be saved; Ctrl-C ends');
    while (waiting.size === 0) await new Promise<void>((resolve) => (wake = resolve));
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    const files = [...waiting];
    waiting.clear();
    console.log(`\n${files.join(', ')} saved`);
    for (const file of files) changed.add(file);
    all ||= !files.every((file) => file.endsWith('.wgsl'));
    await attempt();
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
