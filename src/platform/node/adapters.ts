/** Adapters in Node: Dawn, from the npm package `webgpu`, on the system's drivers or our own. */

import { type Candidate, choose, kindOf, kindOfName } from '../adapters.ts';
import { ADAPTER_KINDS, type AdapterKind, type FoundAdapters } from '../types.ts';
import { driverFiles } from './drivers.ts';
import {
  loadVulkanLoader,
  SWIFTSHADER_PACKAGE,
  unpackSwiftShader,
  whyNoSwiftShader,
} from './swiftshader.ts';

/** The one backend to use. Naming it keeps Dawn's null backend, which computes nothing, away. */
const BACKEND = { darwin: 'Metal', win32: 'D3D12' }[process.platform as string] ?? 'Vulkan';

/**
 * The best adapter: hardware, then lavapipe, then the SwiftShader of an npm package, which is only
 * unpacked when nothing better is there.
 * @param wanted the only kind to accept; the environment variable KINEGRAD_ADAPTER says it otherwise
 * @throws when the package `webgpu` is missing or KINEGRAD_ADAPTER names no kind
 */
export function findAdapters(wanted?: AdapterKind | undefined): Promise<FoundAdapters> {
  return inTurn(() => look(wanted ?? fromEnvironment(), false));
}

/** All adapters, each opened to read its limits and features, and the one that would be used. */
export function listAdapters(wanted?: AdapterKind | undefined): Promise<FoundAdapters> {
  return inTurn(() => look(wanted ?? fromEnvironment(), true));
}

function fromEnvironment(): AdapterKind | undefined {
  const text = process.env.KINEGRAD_ADAPTER;
  if (!text) return undefined;
  const kind = ADAPTER_KINDS.find((name) => name === text);
  if (kind) return kind;
  const kinds = ADAPTER_KINDS.join(', ');
  throw new Error(`KINEGRAD_ADAPTER is '${text}'; it may be one of ${kinds}, or left unset.`);
}

async function look(wanted: AdapterKind | undefined, everything: boolean): Promise<FoundAdapters> {
  await dawn();
  if (wanted === 'swiftshader' && !everything) {
    const embedded = await embeddedCandidate();
    if (embedded.adapter) return choose([embedded], wanted, []);
  }
  const found = await systemCandidates(wanted, everything);
  const lacks = (kind: AdapterKind) => !found.some((candidate) => candidate.kind === kind);
  const enough = found.some(({ kind, adapter }) => adapter && kind === (wanted ?? kind));
  if (lacks('hardware')) found.push(missing('hardware', 'no driver of a GPU answered'));
  if (enough && !everything) return choose(found, wanted, []);
  if (lacks('lavapipe')) found.push(missing('lavapipe', whyNoLavapipe()));
  if (lacks('swiftshader')) found.push(await embeddedCandidate());
  return choose(found, wanted, remedies());
}

/** What the system's drivers offer. Opens them all, or only until one will do. */
async function systemCandidates(
  wanted: AdapterKind | undefined,
  everything: boolean,
): Promise<Candidate[]> {
  const source = `system ${BACKEND} driver`;
  // Asking Dawn anyway would print its warnings.
  if (process.platform === 'linux' && driverFiles().length === 0) return [];
  const acceptable = (kind: AdapterKind) => kind === (wanted ?? kind);
  // Where there are several GPUs, Dawn knows better than their names which is the fastest.
  const first = acceptable('hardware') ? await request([]).catch(() => null) : null;
  if (first && kindOf(first.info) === 'hardware' && !everything) {
    return [{ kind: 'hardware', name: first.info.device, source, adapter: first }];
  }
  const found: Candidate[] = [];
  const names = await systemNames();
  for (const name of names.toSorted((a, b) => rank(kindOfName(a)) - rank(kindOfName(b)))) {
    const kind = kindOfName(name);
    const enough = found.some(({ adapter }) => adapter);
    const open = everything || (!enough && acceptable(kind));
    const same = first && slug(first.info.device) === slug(name);
    const adapter = same ? first : open ? await request([`adapter=${name}`]) : undefined;
    const seen = { kind: adapter ? kindOf(adapter.info) : kind, name, source, adapter };
    if (same) found.unshift(seen);
    else found.push(seen);
  }
  return found;
}

const rank = (kind: AdapterKind) => ADAPTER_KINDS.indexOf(kind);
const slug = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, '');

/**
 * The names of the system's adapters. Dawn only tells them when it is asked for one that it lacks.
 */
async function systemNames(): Promise<string[]> {
  try {
    await request(['adapter=?']);
    return [];
  } catch (error) {
    const names = [...String(error).matchAll(/^ \* backend: '.*?', name: '(.*)'$/gm)];
    return [...new Set(names.map(([, name]) => name!))];
  }
}

/** SwiftShader, unpacked and started. */
async function embeddedCandidate(): Promise<Candidate> {
  const found = {
    kind: 'swiftshader',
    name: 'SwiftShader',
    source: `npm ${SWIFTSHADER_PACKAGE}`,
  } as const;
  const refused = whyNoSwiftShader();
  if (refused) return { ...found, refused };
  try {
    const { driver } = await unpackSwiftShader();
    const variables = {
      VK_DRIVER_FILES: driver,
      VK_ICD_FILENAMES: driver,
      VK_ADD_DRIVER_FILES: '',
    };
    return { ...found, adapter: await request([], variables) };
  } catch (error) {
    return { ...found, refused: `it did not start: ${(error as Error).message}` };
  }
}

const missing = (kind: AdapterKind, refused: string): Candidate => ({
  kind,
  name: '',
  source: `system ${BACKEND} driver`,
  refused,
});

function whyNoLavapipe(): string {
  const file = driverFiles().find((file) => /lvp|lavapipe/.test(file));
  if (!file) return process.platform === 'linux' ? 'it is not installed' : 'it is for Linux only';
  return `its driver ${file} is installed, but Dawn refused it: it needs Mesa 23 or newer`;
}

function remedies(): string[] {
  if (process.platform !== 'linux') return [`install the ${BACKEND} driver of your GPU`];
  return [
    'install the Vulkan driver of your GPU',
    'install Mesa 23 or newer for its lavapipe driver (on Debian 12: ' +
      'apt-get install -t bookworm-backports mesa-vulkan-drivers)',
    ...(process.arch === 'x64'
      ? [`npm install ${SWIFTSHADER_PACKAGE}, which carries the SwiftShader driver`]
      : []),
  ];
}

/** Dawn aborts the process when one of these is collected. */
const instances = new Map<string, GPU>();

/**
 * Asks Dawn for an adapter, and throws where it has none.
 * @param flags what to tell Dawn, such as `adapter=NAME`
 * @param variables the environment for the drivers, which they read when the instance starts
 */
async function request(
  flags: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<GPUAdapter> {
  const { create } = await dawn();
  await loadVulkanLoader();
  const key = JSON.stringify([flags, variables]);
  const known = instances.get(key);
  const instance =
    known ??
    // Timestamps are in whole nanoseconds instead of tenths of a millisecond.
    create([
      `backend=${BACKEND.toLowerCase()}`,
      'disable-dawn-features=timestamp_quantization',
      // No clamp at each access and no counter in each loop, which cost up to a tenth: kernels are
      // tested to stay within their buffers. A browser keeps them.
      'enable-dawn-features=disable_robustness',
      ...flags,
      // More of the kind, separated by spaces, such as `enable-dawn-features=dump_shaders`; a
      // second list takes the place of the first.
      ...(process.env.KINEGRAD_DAWN?.split(' ') ?? []),
    ]);
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    instances.set(key, instance);
    const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('the driver has no adapter');
    return adapter;
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

async function dawn(): Promise<typeof import('webgpu')> {
  let module: typeof import('webgpu');
  try {
    module = await import('webgpu');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      throw new Error('Node needs the package webgpu to reach a GPU: run npm install webgpu.');
    }
    const place = `${process.arch} ${process.platform}`;
    throw new Error(
      `The package webgpu did not load on this ${place}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  // GPUBufferUsage and the rest are globals in a browser, and now here.
  for (const [name, value] of Object.entries(module.globals)) {
    if (!(name in globalThis)) Object.assign(globalThis, { [name]: value });
  }
  return module;
}

let turn: Promise<unknown> = Promise.resolve();

/** One search at a time, because a search may change the environment for a moment. */
function inTurn<T>(search: () => Promise<T>): Promise<T> {
  const result = turn.then(search);
  turn = result.catch(() => {});
  return result;
}
