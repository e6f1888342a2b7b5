/** jax-js with its WebGPU backend, on Dawn in Node. */

import { readFileSync } from 'node:fs';
import type { numpy } from '@jax-js/jax';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import type { Chain, Engine, OpenEngine } from './engine.ts';
import { jaxViewTrainer } from './jax_cnn.ts';
import { arrayOf, jaxLifter, jaxTrainer } from './jax_lifter.ts';
import { jaxSteps } from './jax_ops.ts';
import { channelsFirst } from './layouts.ts';
import { type Fixed, type OpJob, opName, type Values } from './work.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;

const manifest = new URL('../package.json', import.meta.resolve('@jax-js/jax'));
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

export const engine: Engine = {
  title: `jax-js ${version} WebGPU`,

  async open(): Promise<OpenEngine> {
    const { adapter } = await findAdapters();
    if (!adapter) throw new Error('jax-js: there is no adapter.');
    // What it asks of a page, which it does when it is imported.
    const navigator = { gpu: { requestAdapter: async () => adapter }, userAgent: 'Node' };
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
    addIteratorMethods();
    const jax = await import('@jax-js/jax');
    const devices = await jax.init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js did not open its WebGPU device.');
    jax.defaultDevice('webgpu');
    return {
      adapter: `${adapter.info.device} ${adapter.info.description}`.trim(),
      op: (job) => chain(jax, job),
      lifter: (weights, batch) => jaxLifter(jax, weights, batch),
      trainer: (weights, training) => jaxTrainer(jax, weights, training),
      viewTrainer: (job) => jaxViewTrainer(jax, job),
    };
  },
};

/** Its einsum calls methods of iterators that Node has from version 22 on. */
function addIteratorMethods() {
  const iterators = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  iterators.map ??= function <T, U>(this: Iterable<T>, f: (value: T) => U) {
    return Array.from(this, f)[Symbol.iterator]();
  };
  iterators.filter ??= function <T>(this: Iterable<T>, f: (value: T) => boolean) {
    return Array.from(this).filter(f)[Symbol.iterator]();
  };
}

async function chain(jax: Jax, given: OpJob): Promise<Chain | undefined> {
  const step = jaxSteps(jax)[opName(given.work)];
  if (!step) return undefined;
  const { job, inOrder } = channelsFirst(given);
  const { work, start, fixed } = job;
  const { jit, tree } = jax;
  const array = ({ shape, values }: Values) => arrayOf(jax, values, shape);
  const arrays: Record<string, NumArray[]> = Object.fromEntries(
    Object.entries(fixed).map(([name, given]) => [name, given.map(array)]),
  );
  const build = (length: number) =>
    jit((y: NumArray, arrays: Record<string, NumArray[]>) => {
      for (let i = 0; i < length; i++) y = step(y, arrays as Fixed<NumArray>, i, work);
      tree.dispose(arrays);
      return y;
    });
  const functions = new Map<number, ReturnType<typeof build>>();
  return {
    async run(length) {
      const f = functions.get(length) ?? build(length);
      functions.set(length, f);
      return (await f(array(start), tree.ref(arrays)).data()) as Float32Array;
    },
    inOrder,
    close() {
      for (const f of functions.values()) f.dispose();
      tree.dispose(arrays);
    },
  };
}
