import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findAdapters, listAdapters } from '../../src/platform/node/adapters.ts';
import { ADAPTER_KINDS } from '../../src/platform/types.ts';
import { canHide, runInChild } from './child.ts';

// The tests are about the choice itself, which this variable would make for them.
delete process.env.KINEGRAD_ADAPTER;

const FIND = `
  import { findAdapters } from './src/platform/node/adapters.ts';
  const { adapter, reports, remedies } = await findAdapters();
  const device = await adapter?.requestDevice();
  console.log(JSON.stringify({ opened: !!device, reports, remedies }));
`;

const cache = mkdtempSync(join(tmpdir(), 'kinegrad-test-'));
afterAll(() => rmSync(cache, { recursive: true }));

/** SwiftShader is in a development dependency, which npm has for this kind of machine only. */
const hasSwiftShader = process.platform === 'linux' && process.arch === 'x64';

test('the list has every kind, best first, and marks the one that is used', async () => {
  const { adapter, reports } = await listAdapters();
  expect(adapter).toBeDefined();
  const kinds = reports.map(({ kind }) => kind);
  expect(kinds).toEqual(
    kinds.toSorted((a, b) => ADAPTER_KINDS.indexOf(a) - ADAPTER_KINDS.indexOf(b)),
  );
  expect([...new Set(kinds)]).toEqual([...ADAPTER_KINDS]);
  const usable = reports.filter(({ features }) => features.length > 0);
  expect(reports.filter(({ chosen }) => chosen)).toEqual([usable[0]]);
  for (const { limits, why } of usable) {
    expect(why).not.toBe('');
    // The least that WebGPU guarantees (section 3.6.2 of the specification).
    expect(limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    expect(limits.maxComputeInvocationsPerWorkgroup).toBeGreaterThanOrEqual(256);
  }
});

test.runIf(hasSwiftShader)('the kind that is asked for is the one that is found', async () => {
  const { adapter, reports } = await findAdapters('swiftshader');
  expect(adapter?.info.description).toMatch(/SwiftShader/);
  expect(reports.map(({ why }) => why)).toEqual(['swiftshader was asked for']);
});

test('searches at the same time do not disturb each other, nor the environment', async () => {
  const before = { ...process.env };
  const found = await Promise.all([listAdapters(), findAdapters(), listAdapters(), findAdapters()]);
  const used = found.map(({ reports }) => reports.find(({ chosen }) => chosen)?.name);
  expect(new Set(used).size).toBe(1);
  expect(process.env).toEqual(before);
});

test('a kind that there is not is an error of the user', async () => {
  const { code, stderr } = await runInChild(FIND, { env: { KINEGRAD_ADAPTER: 'cuda' } });
  expect(code).toBe(1);
  expect(stderr).toContain("KINEGRAD_ADAPTER is 'cuda'; it may be one of hardware, lavapipe");
});

test.runIf(hasSwiftShader)('without any driver, SwiftShader is unpacked, once', async () => {
  const env = { VK_DRIVER_FILES: '/nowhere', VK_ICD_FILENAMES: '', XDG_CACHE_HOME: cache };
  const runs = await Promise.all([1, 2, 3].map(() => runInChild(FIND, { env })));
  for (const { stdout, stderr } of runs) {
    const { opened, reports } = JSON.parse(stdout);
    expect(opened).toBe(true);
    expect(reports.at(-1)).toMatchObject({ kind: 'swiftshader', chosen: true });
    expect(stderr).not.toContain('Warning');
  }
  const folders = readdirSync(join(cache, 'kinegrad'));
  expect(folders).toEqual([expect.stringMatching(/^swiftshader-[\d.]+$/)]);
});

const system = ['/usr/lib', '/usr/lib64', '/lib', '/usr/lib/x86_64-linux-gnu'];
const loaders = system
  .map((folder) => join(folder, 'libvulkan.so.1'))
  .filter((path) => existsSync(path));

test.runIf(hasSwiftShader && canHide)('a machine without Vulkan has SwiftShader', async () => {
  const hide = loaders.map((path) => `mount --bind /dev/null $(readlink -f ${path})`).join('\n');
  const env = { VK_DRIVER_FILES: '/nowhere', XDG_CACHE_HOME: cache };
  const { stdout, stderr } = await runInChild(FIND, { env, hide: `true\n${hide}` });
  expect(stderr).not.toContain('Warning');
  expect(JSON.parse(stdout)).toMatchObject({ opened: true });
});

test('a process that used a device and called nothing ends by itself, without an error', async () => {
  const { code, signal, stdout, stderr } = await runInChild(`
    import { findAdapters } from './src/platform/node/adapters.ts';
    const { adapter } = await findAdapters();
    const device = await adapter.requestDevice();
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    const buffer = device.createBuffer({ size: 16, usage });
    device.queue.writeBuffer(buffer, 0, new Float32Array([1, 2, 3, 4]));
    await buffer.mapAsync(GPUMapMode.READ);
    console.log(new Float32Array(buffer.getMappedRange()).join(' '));
  `);
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: '1 2 3 4\n' });
  expect(stderr).not.toMatch(/error|terminate/i);
});

test('an idle device costs no processor time, and its instance outlives collections', async () => {
  const { stdout, code } = await runInChild(`
    import { setFlagsFromString } from 'node:v8';
    import { setTimeout } from 'node:timers/promises';
    import { findAdapters } from './src/platform/node/adapters.ts';
    setFlagsFromString('--expose-gc');
    const { adapter } = await findAdapters();
    const device = await adapter.requestDevice();
    const { runInNewContext } = await import('node:vm');
    for (let i = 0; i < 5; i++) { runInNewContext('gc')(); await setTimeout(20); }
    const start = process.cpuUsage();
    await setTimeout(1000);
    const { user, system } = process.cpuUsage(start);
    console.log(device.limits.maxBindGroups, (user + system) / 1e6);
  `);
  expect(code).toBe(0);
  const [groups, seconds] = stdout.split(' ').map(Number);
  expect(groups).toBeGreaterThanOrEqual(4);
  expect(seconds).toBeLessThan(0.2);
});

test('both places have the same functions', async () => {
  const node: object = await import('../../src/platform/node/index.ts');
  const browser: typeof import('../../src/platform/node/index.ts') = await import(
    '../../src/platform/browser/index.ts'
  );
  expect(Object.keys(browser)).toEqual(Object.keys(node));
  const files = readdirSync('src/platform/browser');
  const texts = files.map((file) => readFileSync(join('src/platform/browser', file), 'utf8'));
  expect(texts.filter((text) => /'node:|\bprocess\./.test(text))).toEqual([]);
});
