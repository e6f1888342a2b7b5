/**
 * A plan on a device: its buffers, and every dispatch with its pipeline and bind group, ready to be
 * replayed.
 */

import { bytes, LimitError } from '../gpu/faults.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { elementBytes, type Memory, type Operand } from '../kernels/tensor.ts';
import { bytesOf, rangeBytes } from './memory.ts';
import type { Plan, PlannedDispatch } from './plan.ts';
import { paramsBytes, READING_SLOTS, STEP_BYTES } from './plan_bytes.ts';
import { type Ring, readingRing } from './reading.ts';
import { isStored, type Store, storeOf } from './store.ts';
import { bytesOfSet } from './variables.ts';

export interface Recording {
  readonly buffers: ReadonlyMap<Memory, GPUBuffer>;
  /** The key of the random numbers and the scalars of a step. */
  readonly step: GPUBuffer;
  readonly ring: Ring;
  /** Stores of the variables that it reads or writes. */
  readonly stores: readonly Store[];
  /** Every dispatch of a step, in the order of the plan. */
  readonly dispatches: readonly Recorded[];
  /**
   * Appends all dispatches, in one pass unless a probe has its own way; those of the update only
   * where this is the last micro-batch. Where variables have changed, what is prepared of them comes
   * first, in a pass of its own.
   */
  encode(encoder: GPUCommandEncoder, last: boolean, probe?: Probe): void;
  /** Gives the buffers back; the variables stay with the model. */
  dispose(): void;
}

/** A dispatch with its pipeline and bind group. */
export interface Recorded {
  /** Runs only with the last micro-batch. */
  readonly update: boolean;
  /** Appends it to a pass. */
  run(pass: GPUComputePassEncoder): void;
}

/** Watches a step from within; `profile.ts` has one. Each submit of the step passes all parts. */
export interface Probe {
  /** The host begins with this part; it waits when the submit is done. */
  mark(part: HostPart): void;
  /** Appends the dispatches of a submit, in passes of its own. */
  encode(encoder: GPUCommandEncoder, dispatches: readonly Recorded[]): void;
}

export type HostPart = 'write' | 'encode' | 'submit' | 'wait';

export interface RecordOptions {
  /** Of the initial values of variables that are not on the device yet. */
  seed: number;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

type Owned = Omit<Recording, 'dispatches' | 'encode' | 'stores'> & {
  readonly buffers: Map<Memory, GPUBuffer>;
  readonly params: GPUBuffer;
};

/** Compiles the pipelines, allocates and records. */
export async function record(
  gpu: Gpu,
  plan: Plan,
  { seed, onProgress }: RecordOptions,
): Promise<Recording> {
  const { memoryCap } = gpu.options;
  const fresh = plan.sets.filter((set) => !isStored(gpu, set));
  checkCap(plan, memoryCap, 'memoryCap', fresh, gpu.counts.bytes);
  const all = [...plan.preparation, ...plan.dispatches];
  const params = layParams(all);
  const compiling = compilePipelines(gpu, all, onProgress);
  // It is awaited below, unless memory runs out first.
  compiling.catch(() => {});
  const owned = await gpu.allocate('this program', () => allocate(gpu, plan, params.data));
  try {
    const pipelines = await gpu.settled(compiling);
    // Last, so that initial values are drawn while the device still warms its pipelines up.
    const { device } = gpu;
    const stores: Store[] = [];
    for (const set of plan.sets) stores.push(await storeOf(gpu, set, seed));
    gpu.checkSince(device);
    for (const [memory, { set, slab }] of plan.slabs)
      owned.buffers.set(memory, stores[plan.sets.indexOf(set)]!.buffers[slab]!);
    const recorded = all.map((dispatch, i): Recorded => {
      const group = bind(gpu, dispatch, owned, params.offsets[i]!);
      const { groups, update } = dispatch;
      return {
        update,
        run(pass) {
          pass.setPipeline(pipelines[i]!);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...groups);
        },
      };
    });
    const preparation = recorded.slice(0, plan.preparation.length);
    const dispatches = recorded.slice(plan.preparation.length);
    const early = dispatches.filter(({ update }) => !update);
    let seen: readonly number[] | undefined;
    const encode = (encoder: GPUCommandEncoder, last: boolean, probe?: Probe) => {
      const changed = !seen || stores.some(({ changes }, i) => changes !== seen![i]);
      if (preparation.length > 0 && changed) {
        const pass = encoder.beginComputePass();
        for (const dispatch of preparation) dispatch.run(pass);
        pass.end();
      }
      if (plan.writes) for (const store of stores) store.changes++;
      seen = stores.map(({ changes }) => changes);
      const due = last ? dispatches : early;
      if (probe) return probe.encode(encoder, due);
      const pass = encoder.beginComputePass();
      for (const dispatch of due) dispatch.run(pass);
      pass.end();
    };
    return { ...owned, stores, dispatches, encode };
  } catch (error) {
    owned.dispose();
    throw error;
  }
}

/** Refuses a plan with which more would be allocated than the cap allows. */
export function checkCap(
  plan: Plan,
  cap: number | undefined,
  by = 'cap',
  sets = plan.sets,
  inUse = 0,
): void {
  const variables = sets.reduce((sum, set) => sum + bytesOfSet(set), 0);
  const needed = plan.bytes + variables + inUse;
  if (needed > cap!)
    throw new LimitError(
      `this program (${bytes(plan.bytes)}, ${bytes(variables)} of new variables, ${bytes(inUse)} in use already)`,
      needed,
      cap!,
      `use a smaller batch, more micro-batches or a narrower model, or raise ${by}`,
      by,
    );
}

async function compilePipelines(
  gpu: Gpu,
  dispatches: readonly PlannedDispatch[],
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

/** The WGSL `Params` of all dispatches as they lie in one uniform buffer, and where each begins. */
function layParams(dispatches: readonly PlannedDispatch[]) {
  const data = new ArrayBuffer(paramsBytes(dispatches));
  let at = 0;
  const offsets = dispatches.map((dispatch) => {
    const start = at;
    at += paramsBytes([dispatch]);
    writeParams(new DataView(data, start), dispatch);
    return start;
  });
  return { data, offsets };
}

/** Writes the WGSL `Params` of a dispatch. */
export function writeParams(view: DataView, { kernel, params }: PlannedDispatch) {
  const mistake = (name: string, what: string) =>
    new Error(`${kernel.file}: params.${name} ${what}. Mend its binding in src/kernels`);
  for (const { name, offset, type } of kernel.params) {
    const value = params[name];
    if (value === undefined) throw mistake(name, 'has no value');
    if (type === 'f32') {
      view.setFloat32(offset, value, true);
      continue;
    }
    const least = type === 'i32' ? -(2 ** 31) : 0;
    if (!Number.isInteger(value) || value < least || value >= least + 2 ** 32)
      throw mistake(name, `is ${value}, which no ${type} holds`);
    view.setUint32(offset, value, true);
  }
  const unknown = Object.keys(params).find((name) => !kernel.params.some((p) => p.name === name));
  if (unknown !== undefined) throw mistake(unknown, 'is not in the WGSL');
}

function allocate(gpu: Gpu, plan: Plan, params: ArrayBuffer): Owned {
  const { queue } = gpu.device;
  const all: GPUBuffer[] = [];
  const own = (label: string, size: number, usage: GPUBufferUsageFlags) => {
    const buffer = gpu.buffer(label, size, usage | GPUBufferUsage.COPY_DST);
    all.push(buffer);
    return buffer;
  };
  const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffers = new Map<Memory, GPUBuffer>();
  for (const { size, holds } of plan.blocks) {
    const largest = holds.reduce((a, b) => (b.size > a.size ? b : a));
    const buffer = own(largest.name, bytesOf({ size }), storage);
    for (const memory of holds) buffers.set(memory, buffer);
    if (gpu.options.poison)
      queue.writeBuffer(buffer, 0, new Float32Array(buffer.size / 4).fill(Number.NaN));
  }
  for (const memory of plan.lasting)
    buffers.set(memory, own(memory.name, bytesOf(memory), storage));
  for (const [memory, values] of plan.constants)
    queue.writeBuffer(buffers.get(memory)!, 0, values as Float32Array<ArrayBuffer>);
  const step = own('step', STEP_BYTES, GPUBufferUsage.UNIFORM);
  const uniforms = own('params', params.byteLength, GPUBufferUsage.UNIFORM);
  queue.writeBuffer(uniforms, 0, params);
  const ring = readingRing(gpu, plan.outputs, READING_SLOTS);
  const dispose = () => {
    for (const buffer of all) gpu.release(buffer);
    ring.dispose();
  };
  return { buffers, step, params: uniforms, ring, dispose };
}

/** The bind group of a dispatch whose parameters begin at `at`. */
function bind(gpu: Gpu, dispatch: PlannedDispatch, owned: Owned, at: number): GPUBindGroup {
  const { kernel, operands } = dispatch;
  const size = 16 * Math.ceil(kernel.paramsSize / 16);
  const uniform = (name: string): GPUBufferBinding =>
    name === 'step' ? { buffer: owned.step } : { buffer: owned.params, offset: at, size };
  const entries = [
    ...kernel.uniforms.map(({ name, binding }) => ({ binding, resource: uniform(name) })),
    ...kernel.storage.map(({ name, binding }) => ({
      binding,
      resource: range(owned.buffers, operands[name]!),
    })),
  ];
  const layout = gpu.pipelines.layout(kernel);
  return gpu.bindGroup({ label: kernel.file, layout, entries });
}

function range(buffers: ReadonlyMap<Memory, GPUBuffer>, operand: Operand): GPUBufferBinding {
  const { memory, offset } = operand;
  const buffer = buffers.get(memory)!;
  return { buffer, offset: elementBytes(operand) * offset, size: rangeBytes(operand) };
}
