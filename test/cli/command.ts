/** Runs the command line as a process of its own, as a person would. */

import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts `kinegrad` with these arguments. Signals to the child reach the program itself. */
export function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const flags = ['--conditions=source', '--import', 'tsx', '--import', './scripts/wgsl-hook.mjs'];
  const child = spawn(process.execPath, [...flags, 'src/cli.ts', ...args], { cwd: root });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const ended = new Promise<Ended>((done) => child.on('close', (code) => done({ code, out, err })));
  return { child, ended };
}

export const kinegrad = (...args: string[]): Promise<Ended> => start(args).ended;
