/**
 * Runs a few lines of JavaScript in a Node process of their own, from the root of the repository.
 */

import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Shell commands that change what the process sees of the file system; see {@link canHide}. */
  readonly hide?: string;
  /** Kills the process after so many milliseconds. */
  readonly killAfter?: number;
}

export function runInChild(code: string, options: ChildOptions = {}): Promise<Ended> {
  const { env, hide, killAfter } = options;
  const node = ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', code];
  const script = `${hide}\nexec "$@"`;
  const [command, args] = hide
    ? ['unshare', ['-rm', 'sh', '-ec', script, 'sh', process.execPath, ...node]]
    : [process.execPath, node];
  return new Promise((done, fail) => {
    const child = spawn(command as string, args as string[], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (output.stdout += text));
    child.stderr.on('data', (text) => (output.stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfter ?? 45_000);
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, ...output });
    });
  });
}

/** Whether this machine lets a process have mounts of its own, to hide files from it. */
export const canHide =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;
