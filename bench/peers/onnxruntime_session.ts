/** ONNX Runtime with one of its providers, and the evidence that this provider did the work. */

import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import ort from 'onnxruntime-node';
import { loadVulkanLoader } from '../../src/platform/node/swiftshader.ts';
import type { Engine, Lifter, OpenEngine } from './engine.ts';
import { onnxModel } from './onnx_model.ts';
import { INPUTS, type Weights } from './problem.ts';

type Provider = 'webgpu' | 'cpu';

export const onnxRuntime = (provider: Provider): Engine => ({
  title: `ONNX Runtime ${ort.env.versions.node} ${provider === 'cpu' ? 'CPU' : 'WebGPU'}`,

  async open(): Promise<OpenEngine> {
    if (provider === 'webgpu') await loadVulkanLoader();
    const notes: string[] = [];
    return {
      get adapter() {
        return provider === 'cpu' ? `CPU, ${cpus().length} threads` : loadedDrivers();
      },
      notes,
      async lifter(weights, batch) {
        if (notes.length === 0) notes.push(await placement(provider, weights));
        return lifter(provider, weights, batch);
      },
      close() {},
    };
  },
});

async function lifter(provider: Provider, weights: Weights, batch: number): Promise<Lifter> {
  const session = await ort.InferenceSession.create(onnxModel(weights, batch), {
    executionProviders: [provider],
  });
  return {
    async run(poses) {
      const { lifted } = await session.run({ poses: new ort.Tensor(poses, [batch, INPUTS]) });
      return lifted!.data as Float32Array;
    },
    close: () => session.release(),
  };
}

/**
 * Where the nodes of the optimised model ran, by ONNX Runtime's own profile of one run.
 * @throws when a node ran elsewhere than on the provider
 */
async function placement(provider: Provider, weights: Weights): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kinegrad-peers-'));
  try {
    const session = await ort.InferenceSession.create(onnxModel(weights, 1), {
      executionProviders: [provider],
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    await session.run({ poses: new ort.Tensor(new Float32Array(INPUTS), [1, INPUTS]) });
    session.endProfiling();
    await session.release();
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
