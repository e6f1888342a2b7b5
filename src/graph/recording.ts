/** A plan on a device: its buffers, and every dispatch with its pipeline and bind group, ready to be replayed. */

import type { Gpu } from '../gpu/gpu.ts';
import type { Memory, Operand } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';
import {
  bytesOf,
  type Plan,
  type PlannedDispatch,
  paramsBytes,
  READING_SLOTS,
  STEP_BYTES,
  UNIFORM_STEP,
} from './plan.ts';
import { type Ring, readingRing } from './reading.ts';
import { type Store, storeOf } from './store.ts';

export interface Recording {
  readonly buffers: ReadonlyMap<Memory, GPUBuffer>;
  /** The key of the random numbers and the scalars of a step. */
  readonly step: GPUBuffer;
  readonly ring: Ring;
  /** Stores of the variables that it reads or writes. */
  readonly stores: readonly Store[];
  /** Appends all dispatches; those of the update only where this is the last micro-batch. */
  encode(encoder: GPUCommandEncoder, last: boolean): void;
  /** Gives the buffers back; the variables stay with the model. */
  dispose(): void;
}

export interface RecordOptions {
  /** Of the initial values of variables that are not on the device yet. */
  seed: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

type Owned = Omit<Recording, 'encode' | 'stores'> & {
  readonly buffers: Map<Memory, GPUBuffer>;
  readonly params: GPUBuffer;
};

/** Compiles the pipelines, allocates and records. */
export async function record(
  gpu: Gpu,
  plan: Plan,
  { seed, onProgress }: RecordOptions,
): Promise<Recording> {
  const compiling = compilePipelines(gpu, plan, onProgress);
  // It is awaited below, unless memory runs out first.
  compiling.catch(() => {});
  const stores: Store[] = [];
  for (const set of plan.sets) stores.push(await storeOf(gpu, set, seed));
  const owned = await gpu.allocate('this program', () => allocate(gpu, plan));
  try {
    const pipelines = await gpu.settled(compiling);
    for (const [memory, { set, slab }] of plan.slabs)
      owned.buffers.set(memory, stores[plan.sets.indexOf(set)]!.buffers[slab]!);
    const dispatches = plan.dispatches.map((dispatch, i) => ({
      ...bind(gpu, dispatch, owned, plan.paramsAt[i]!),
      pipeline: pipelines[i]!,
    }));
    const encode = (encoder: GPUCommandEncoder, last: boolean) => {
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, groups, update } of dispatches) {
        if (update && !last) continue;
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
    };
    return { ...owned, stores, encode };
  } catch (error) {
    owned.dispose();
    throw error;
  }
}

async function compilePipelines(
  gpu: Gpu,
  { dispatches }: Plan,
  onProgress: RecordOptions['onProgress'],
): Promise<GPUComputePipeline[]> {
  let done = 0;
  return Promise.all(
    dispatches.map(async (dispatch) => {
      const pipeline = await gpu.pipelines.get(dispatch);
      onProgress?.(++done, dispatches.length);
      return pipeline;
    }),
  );
}
