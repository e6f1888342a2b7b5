/** jax-js with its WebGPU backend, on Dawn in Node. */

import { readFileSync } from 'node:fs';
import type { numpy } from '@jax-js/jax';
import { findAdapters } from '../../src/platform/node/adapters.ts';
import type { Chain, Engine, OpenEngine, Steps } from './engine.ts';
import { arrayOf, jaxLifter, jaxTrainer } from './jax_lifter.ts';
import { NORM_EPSILON } from './problem.ts';
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
    const jax = await import('@jax-js/jax');
    const devices = await jax.init('webgpu');
    if (!devices.includes('webgpu')) throw new Error('jax-js did not open its WebGPU device.');
    jax.defaultDevice('webgpu');
    return {
      adapter: `${adapter.info.device} ${adapter.info.description}`.trim(),
      op: (job) => chain(jax, job),
      lifter: (weights, batch) => jaxLifter(jax, weights, batch),
      trainer: (weights, training) => jaxTrainer(jax, weights, training),
    };
  },
};

/** Functions of jax-js use up their arguments: `ref` keeps one for later. */
const steps = ({ nn, numpy: np }: Jax): Steps<NumArray> => ({
  'matmul forward': (y, { w }, i) => np.matmul(y, pick(w!, i)),
  'matmul input gradient': (dy, { w }, i) => np.matmul(dy, np.matrixTranspose(pick(w!, i))),
  'matmul weight gradient': (dw, { x, dy }, i) =>
    np.add(dw, np.matmul(np.matrixTranspose(pick(x!, i)), pick(dy!, i))),
  'softmax forward': (y) => nn.softmax(y),
  'layerNorm forward': (y, { scale, shift }) =>
    nn.standardize(y, -1, { epsilon: NORM_EPSILON }).mul(pick(scale!, 0)).add(pick(shift!, 0)),
});

const pick = (arrays: readonly NumArray[], i: number) => arrays[i % arrays.length]!.ref;

async function chain(jax: Jax, { work, start, fixed }: OpJob): Promise<Chain | undefined> {
  const step = steps(jax)[opName(work)];
  if (!step) return undefined;
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
    close() {
      for (const f of functions.values()) f.dispose();
      tree.dispose(arrays);
    },
  };
}
