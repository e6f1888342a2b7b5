import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** A copy of what the bench is made of, whose shaders may be broken. */
function copied() {
  const folder = mkdtempSync(join(tmpdir(), 'kinegrad-watch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const filter = (file: string) => !file.includes('node_modules');
  for (const name of ['bench', 'scripts', 'shaders', 'src', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true, filter });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

// Two measurements, each a process: seconds on a quiet machine.
test('a kernel that failed is measured once its file is mended', { timeout: 120_000 }, async () => {
  const folder = copied();
  const file = join(folder, 'shaders/copy_transposed.wgsl');
  const right = readFileSync(file, 'utf8');
  writeFileSync(file, right.replace('fn main(', 'fn main(absent: Absent, '));
  const child = spawn(
    process.execPath,
    [
      'scripts/run.mjs',
      'bench/run.ts',
      '--watch',
      ...['--filter', 'layout', '--shape', '64,64', '--rounds', '1', '--samples', '1'],
    ],
    { cwd: folder },
  );
  onTestFinished(() => void child.kill());
  let text = '';
  const waits: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.includes('waiting for a file')) waits.shift()?.();
  });
  /** What is said until a file is waited for again. */
  const said = async () => {
    text = '';
    await new Promise<void>((done) => waits.push(done));
    return text;
  };
  const first = await said();
  expect(first).toMatch(/FAILED: layout transpose forward 64x64/);
  expect(first).toMatch(/64 x 64 +gather, forward/);
  const second = said();
  writeFileSync(file, right);
  expect(await second).toMatch(/copy_transposed\.wgsl saved.*64 x 64 +transpose, forward/s);
});
