/** What a stranger gets: the packed package, installed into an empty project, with nothing of this one. */

import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built, root } from './built.ts';

let project: string;

const run = promisify(execFile);
const inProject = (command: string, ...args: string[]) => run(command, args, { cwd: project });

/** Gives the project a package of ours, as a registry would, without a network. */
function provide(name: string) {
  const to = join(project, 'node_modules', name);
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), to);
}

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'kinegrad-test-'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  await built();
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const packed = await run('npm', args, { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')));
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

test('it brings no other package along', () => {
  const installed = join(project, 'node_modules/kinegrad/package.json');
  expect(JSON.parse(readFileSync(installed, 'utf8')).dependencies ?? {}).toEqual({});
  expect(readdirSync(join(project, 'node_modules')).filter((name) => name[0] !== '.')).toEqual([
    'kinegrad',
  ]);
});

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
  provide('webgpu');
  provide('@sparticuz/chromium');
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

test('the command line lifts a photo, with the weights and the font that ship', async () => {
  provide('sharp');
  const blank = { create: { width: 1000, height: 667, channels: 3, background: '#888' } } as const;
  await sharp(blank).png().toFile(join(project, 'photo.png'));
  const args = ['lift', '--image', 'photo.png', '--joints', 'joints.json', '--out', 'out'];
  const { stdout } = await inProject('npx', '--offline', 'kinegrad', ...args);
  expect(stdout).toMatch(/^written +out\/pose\.json, out\/pose\.png$/m);
  const { joints } = JSON.parse(readFileSync(join(project, 'out/pose.json'), 'utf8'));
  expect(joints.pelvis[2]).toBeGreaterThan(1);
  const fonts = readFileSync(join(project, 'node_modules/kinegrad/dist/cli/LICENSES.txt'), 'utf8');
  expect(fonts).toMatch(/commander[\s\S]*d3-array[\s\S]*PT Sans[\s\S]*Open Font License/i);
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
  provide('@webgpu/types');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const flags = '--noEmit --strict --target es2022 --module nodenext --types'.split(' ');
  const { stdout } = await inProject('node', tsc, ...flags, '@webgpu/types', 'program.ts').catch(
    (e) => e,
  );
  expect(stdout).toBe('');
});
