/** The packed bench, as it is before it is compressed: whole without anything of this machine. */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { results } from './synthetic.ts';

const root = resolve(import.meta.dirname, '../..');
// Above the temporary folder there are no packages that an import could find instead.
const scratch = mkdtempSync(join(tmpdir(), 'kinegrad-pack-test-'));
const packed = join(scratch, 'a packed bench, 100% # new');

beforeAll(() => {
  const script = join(root, 'scripts/pack-bench.mjs');
  execFileSync(process.execPath, [script, '--folder', packed], { stdio: 'pipe' });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a file of the archive, on a machine with a shell and nothing else. */
async function run(file: string, ...args: string[]) {
  const options = { cwd: scratch, env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' } };
  const ended = promisify(execFile)(join(packed, file), args, options);
  return ended.then(
    (output) => ({ ...output, code: 0 }),
    (error) => error as { stdout: string; stderr: string; code: number },
  );
}

/** Runs a script in the archive's Node, which may import what is packed. */
function script(text: string) {
  const file = join(packed, 'script.js');
  writeFileSync(file, text);
  return run('bin/node', join(packed, 'scripts/run.mjs'), file);
}

test('run.sh passes its arguments on, and finds what it needs', async () => {
  const help = await run('run.sh', '--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('--json <file>');
});

test('every family is there', async () => {
  const files = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.bench.ts'));
  const packedFiles = readdirSync(join(packed, 'bench'));
  expect(packedFiles).toEqual(
    expect.arrayContaining(files.map((file) => file.replace('.ts', '.js'))),
  );
  // It loads them all before it says so.
  const { code, stderr } = await run('run.sh', '--filter', 'no such kernel');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^bench: --filter no such kernel: .* The families are .*matmul.*\n$/);
});

test('every module of the bench finds what it imports', async () => {
  // These do their work when they are imported.
  const programs = /^(run|packed\/main|explain\/dump|report\/client|peers\/.*)\.js$/;
  const modules = readdirSync(join(packed, 'bench'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !programs.test(file))
    .map((file) => `await import('./bench/${file}');`);
  expect(modules.length).toBeGreaterThan(30);
  const { stdout, stderr } = await script(`${modules.join('\n')}\nconsole.log('all');`);
  expect({ stdout, stderr }).toEqual({ stdout: 'all\n', stderr: '' });
});

test('it writes reports without a compiler', async () => {
  const rows = join(scratch, 'rows.json');
  const page = join(scratch, 'report.html');
  writeFileSync(rows, JSON.stringify(results()));
  const { stderr } = await script(
    `import { readResults } from './bench/rows.js';
    import { writeReport } from './bench/report/html.js';
    await writeReport(${JSON.stringify(page)}, readResults(${JSON.stringify(rows)}));`,
  );
  expect(stderr).toBe('');
  const html = readFileSync(page, 'utf8');
  expect(html).toContain('llvmpipe');
  expect(html).toContain('echarts.init(');
});

test('where a driver is named that is not there, it says that there is no hardware', async () => {
  const { stdout, stderr } = await script(
    `process.env.VK_DRIVER_FILES = '/nowhere';
    const { findAdapters } = await import('#platform');
    const { adapter } = await findAdapters();
    console.log(adapter.info.device);
    await findAdapters();`,
  );
  expect(stdout).toMatch(/swiftshader/i);
  const said = stderr.split('\n').filter((line) => line.startsWith('bench: '));
  expect(said).toEqual([
    expect.stringMatching(/^bench: there is no hardware adapter: .*SwiftShader/),
  ]);
});

test('other engines are not in it, and it says so', async () => {
  const { code, stderr } = await run('run.sh', '--peers');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^bench: --peers is not part of the packed bench.*\n$/);
});
