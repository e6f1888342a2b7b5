/** What a stranger gets: the packed package, installed into an empty project, with nothing of this one. */

import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
let project: string;

const run = promisify(execFile);
const inProject = (command: string, ...args: string[]) => run(command, args, { cwd: project });

/** Gives the project a package of ours, as a registry would, without a network. */
function provide(name: string, how: typeof cpSync | typeof symlinkSync) {
  const to = join(project, 'node_modules', name);
  mkdirSync(dirname(to), { recursive: true });
  if (how === cpSync) cpSync(join(root, 'node_modules', name), to, { recursive: true });
  else symlinkSync(join(root, 'node_modules', name), to);
}

/** The packages that `kinegrad` depends on, directly or not. */
function dependencies(): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const names = new Set<string>(Object.keys(packages[''].dependencies));
  for (const name of names) {
    for (const next of Object.keys(packages[`node_modules/${name}`].dependencies ?? {}))
      names.add(next);
  }
  return [...names];
}

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'kinegrad-test-'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  const packed = await run('npm', ['pack', '--json', '--pack-destination', project], { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')));
  for (const name of dependencies()) provide(name, cpSync);
  await inProject(
    'npm',
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    join(project, filename),
  );
});
afterAll(() => rmSync(project, { recursive: true }));

const OPEN = `
  import { openGpu } from 'kinegrad';
  const gpu = await openGpu().catch((error) => error);
  console.log(gpu instanceof Error ? gpu.message : 'opened ' + gpu.adapter.kind);
`;

test('the command line starts, and says its version', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect((await inProject('npx', '--offline', 'kinegrad', '--version')).stdout).toBe(
    `${version}\n`,
  );
});

test('without the package webgpu, the error says what to install; with it, a device opens', async () => {
  const open = async () => (await inProject('node', '--input-type=module', '-e', OPEN)).stdout;
  expect(await open()).toBe(
    'Node needs the package webgpu to reach a GPU: run npm install webgpu.\n',
  );
  provide('webgpu', symlinkSync);
  provide('@sparticuz/chromium', symlinkSync);
  expect(await open()).toMatch(/^opened (hardware|lavapipe|swiftshader)\n$/);
});

test('the examples of the README run as printed', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [train, lift] = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);
  writeFileSync(join(project, 'train.mjs'), train!);
  const { stdout } = await inProject('node', 'train.mjs');
  expect(Number(stdout.match(/^loss ([\d.e-]+)\n$/)?.[1])).toBeLessThan(0.2);

  const names = ['nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'];
  const sides = ['shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle'];
  const standing = Object.fromEntries([
    ...names.map((name, i) => [name, [500 + 3 * i * (i % 2 ? 1 : -1), 100 - 2 * (i % 3)]]),
    ...sides.map((part, i) => [
      `left_${part}`,
      [i < 3 ? 540 : 520, [150, 220, 280, 300, 420, 540][i]],
    ]),
    ...sides.map((part, i) => [
      `right_${part}`,
      [i < 3 ? 460 : 480, [150, 220, 280, 300, 420, 540][i]],
    ]),
  ]);
  writeFileSync(join(project, 'joints.json'), JSON.stringify(standing));
  writeFileSync(join(project, 'lift.mjs'), lift!);
  const lifted = await inProject('node', 'lift.mjs');
  expect(lifted.stdout).toMatch(/^\[.*\] [\d.]+\n$/s);
});

test('its types are found, and hold in a strict project', async () => {
  const program = `
    import { type Gpu, openGpu } from 'kinegrad';
    const gpu: Gpu = await openGpu({ adapter: 'swiftshader' });
    // @ts-expect-error: there is no such kind
    await openGpu({ adapter: 'abacus' });
    const device: GPUDevice = gpu.device;
    device.destroy();
  `;
  writeFileSync(join(project, 'program.ts'), program);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = '--noEmit --strict --target es2022 --module nodenext --types'.split(' ');
  const { stdout } = await inProject('node', tsc, ...flags, '@webgpu/types', 'program.ts').catch(
    (e) => e,
  );
  expect(stdout).toBe('');
});
