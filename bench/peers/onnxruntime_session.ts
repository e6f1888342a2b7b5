/** ONNX Runtime with one of its providers, and the evidence that this provider did the work. */

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import ort from 'onnxruntime-node';
import { loadVulkanLoader } from '../../src/platform/node/swiftshader.ts';
import type { Chain, Engine, Lifter, OpenEngine } from './engine.ts';
import { onnxLifter } from './onnx_model.ts';
import { onnxChain } from './onnx_ops.ts';
import { INPUTS } from './problem.ts';
import type { OpJob, Values } from './work.ts';

type Provider = 'webgpu' | 'cpu';

export const onnxRuntime = (provider: Provider): Engine => ({
  title: `ONNX Runtime ${ort.env.versions.node} ${provider === 'cpu' ? 'CPU' : 'WebGPU'}`,

  async open(): Promise<OpenEngine> {
    if (provider === 'webgpu') await loadVulkanLoader();
    return {
      get adapter() {
        return provider === 'cpu' ? `CPU, ${cpus().length} threads` : loadedDrivers();
      },
      op: (job) => chain(provider, job),
      async lifter(weights, batch): Promise<Lifter> {
        const model = onnxLifter(weights, batch);
        const poses = new Float32Array(batch * INPUTS);
        const input = (values: Float32Array) => ({ x: { shape: [batch, INPUTS], values } });
        const notes = [await placement(provider, model, input(poses))];
        const session = await open(provider, model);
        return {
          notes,
          run: (poses) => session.run(input(poses)),
          close: session.close,
        };
      },
    };
  },
});

async function chain(provider: Provider, job: OpJob): Promise<Chain | undefined> {
  const made = onnxChain(job);
  if (!made) return undefined;
  const { model, inputs, inOrder } = made;
  const notes = [await placement(provider, model(1), inputs)];
  const sessions = new Map<number, Awaited<ReturnType<typeof open>>>();
  return {
    notes,
    async run(length) {
      let session = sessions.get(length);
      if (!session) {
        session = await open(provider, model(length));
        sessions.set(length, session);
      }
      return session.run(inputs);
    },
    inOrder,
    async close() {
      for (const session of sessions.values()) await session.close();
    },
  };
}

/** A model with one output, ready to run. */
async function open(
  provider: Provider,
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions = {},
) {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [provider],
    // Threads that wait for work in a loop would slow down the engine whose turn is next.
    extra: { session: { force_spinning_stop: '1' } },
    ...options,
  });
  const [output] = session.outputNames;
  return {
    async run(inputs: Readonly<Record<string, Values>>) {
      const needed = session.inputNames.map((name) => {
        const { shape, values } = inputs[name]!;
        return [name, new ort.Tensor(values, shape)];
      });
      const outputs = await session.run(Object.fromEntries(needed));
      return outputs[output!]!.data as Float32Array;
    },
    endProfiling: () => session.endProfiling(),
    close: () => session.release(),
  };
}

/**
 * Where the nodes of the optimised model ran, by ONNX Runtime's own profile of one run.
 * @throws when a node ran elsewhere than on the provider
 */
async function placement(
  provider: Provider,
  model: Uint8Array,
  inputs: Readonly<Record<string, Values>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kinegrad-peers-'));
  try {
    const session = await open(provider, model, {
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    await session.run(inputs);
    session.endProfiling();
    await session.close();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as ProfileEvent[];
    return describe(provider, events);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
interface ProfileEvent {
  readonly name: string;
  readonly cat: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

function describe(provider: Provider, events: readonly ProfileEvent[]): string {
  const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const elsewhere = nodes.filter(
    ({ args }) => args?.provider?.toLowerCase() !== `${provider}executionprovider`,
  );
  if (nodes.length === 0 || elsewhere.length > 0) {
    const names = elsewhere.map(({ args }) => `${args?.op_name} on ${args?.provider}`).join(', ');
    throw new Error(
      `ONNX Runtime did not run the model on ${provider}: ${names || 'no node ran'}.`,
    );
  }
  const counts = new Map<string, number>();
  for (const { args } of nodes) {
    const name = args?.op_name ?? '?';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const list = [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
  return `all nodes ran on ${nodes[0]?.args?.provider}: ${list}`;
}

/** The Vulkan drivers in this process; ONNX Runtime does not say which adapter it opened. */
function loadedDrivers(): string {
  if (process.platform !== 'linux') return 'chosen by ONNX Runtime';
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const libraries = maps.split('\n').map((line) => basename(line.split(/\s+/)[5] ?? ''));
  const drivers = libraries.filter((name) => /^lib(vulkan_|vk_|GLX_nvidia)/.test(name));
  return [...new Set(drivers)].join(', ') || 'no Vulkan driver';
}
