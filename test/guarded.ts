/**
 * A plan run dispatch by dispatch, each operand in a buffer of its own with NaN behind it that is bound,
 * too: what a kernel reads beyond an operand spoils its result, and what it writes there is seen.
 */

import { download } from '../src/gpu/download.ts';
import type { Gpu } from '../src/gpu/gpu.ts';
import { rangeBytes } from '../src/graph/memory.ts';
import type { Plan, PlannedDispatch } from '../src/graph/plan.ts';
import { STEP_BYTES } from '../src/graph/plan_bytes.ts';
import { writeParams } from '../src/graph/recording.ts';
import type { Memory } from '../src/kernels/tensor.ts';

export interface Guarded {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Which kernel wrote beyond which operand. */
  readonly faults: readonly string[];
}

/** Bytes behind each operand. */
const GUARD = 1024;

/** Is shown each dispatch, and what its bindings held before and after it. */
export type OnDispatch = (dispatch: PlannedDispatch, before: Bound, after: Bound) => void;
export type Bound = Readonly<Record<string, Float32Array>>;

/** Runs all dispatches of a plan on the given inputs; memory that nothing has written is NaN. */
export async function runGuarded(
  gpu: Gpu,
  plan: Plan,
  inputs: Readonly<Record<string, ArrayLike<number>>>,
  onDispatch?: OnDispatch,
): Promise<Guarded> {
  const memories = new Map<Memory, Float32Array<ArrayBuffer>>();
  const of = (memory: Memory) => {
    let held = memories.get(memory);
    if (!held) {
      held = new Float32Array(64 * Math.ceil(memory.size / 64)).fill(Number.NaN);
      memories.set(memory, held);
    }
    return held;
  };
  for (const memory of plan.lasting) of(memory).fill(0);
  for (const [memory, values] of plan.constants) of(memory).set(values);
  for (const [memory, { set, slab }] of plan.slabs)
    for (const v of set.variables)
      if (v.slab === slab)
        of(memory).set(
          v.initial(v.size, () => 0.5),
          v.offset,
        );
  for (const [name, { operand, dtype }] of Object.entries(plan.inputs)) {
    const held = of(operand.memory);
    (dtype === 'u32' ? new Uint32Array(held.buffer) : held).set(inputs[name]!);
  }
  const faults: string[] = [];
  for (const dispatch of [...plan.preparation, ...plan.dispatches])
    faults.push(...(await runAlone(gpu, dispatch, of, onDispatch)));
  const outputs = Object.entries(plan.outputs).map(([name, { operand }]) => {
    const { memory, offset, shape } = operand;
    return [name, of(memory).slice(offset, offset + shape.reduce((a, b) => a * b, 1))];
  });
  return { outputs: Object.fromEntries(outputs), faults: [...new Set(faults)] };
}

async function runAlone(
  gpu: Gpu,
  dispatch: PlannedDispatch,
  of: (memory: Memory) => Float32Array<ArrayBuffer>,
  onDispatch?: OnDispatch,
): Promise<string[]> {
  const { device } = gpu;
  const { kernel, operands } = dispatch;
  const buffers: GPUBuffer[] = [];
  const buffer = (size: number, usage: GPUBufferUsageFlags, data: ArrayBuffer) => {
    const made = device.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(made, 0, data);
    buffers.push(made);
    return made;
  };
  const before: Record<string, Float32Array> = {};
  const storage = kernel.storage.map(({ name, binding, writes }) => {
    const { memory, offset } = operands[name]!;
    const held = of(memory);
    const size = Math.min(rangeBytes(operands[name]!) / 4, held.length - offset);
    const values = new Float32Array(size + GUARD / 4).fill(Number.NaN);
    values.set(held.subarray(offset, offset + size));
    before[name] = values.slice(0, size);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    return {
      name,
      binding,
      writes,
      size,
      held,
      offset,
      made: buffer(4 * values.length, usage, values.buffer),
    };
  });
  const uniforms = kernel.uniforms.map(({ name, binding }) => {
    const data = new ArrayBuffer(
      name === 'step' ? STEP_BYTES : 16 * Math.ceil(kernel.paramsSize / 16),
    );
    if (name === 'params') writeParams(new DataView(data), dispatch);
    return { binding, resource: { buffer: buffer(data.byteLength, GPUBufferUsage.UNIFORM, data) } };
  });
  const entries = [
    ...uniforms,
    ...storage.map(({ binding, made }) => ({ binding, resource: { buffer: made } })),
  ];
  const pipeline = await gpu.pipelines.get(dispatch);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: gpu.pipelines.layout(kernel), entries }));
  pass.dispatchWorkgroups(...dispatch.groups);
  pass.end();
  device.queue.submit([encoder.finish()]);

  const written = storage.filter(({ writes }) => writes);
  const contents = await download(
    gpu,
    written.map(({ made }) => made),
  );
  const after = { ...before };
  const faults = written.flatMap(({ name, held, offset, size }, i) => {
    const values = new Float32Array(contents[i]!);
    after[name] = values.subarray(0, size);
    held.set(values.subarray(0, size), offset);
    const beyond = values.subarray(size).findIndex((value) => !Number.isNaN(value));
    return beyond < 0 ? [] : [`${kernel.file} writes ${name} at ${size + beyond} of ${size}`];
  });
  for (const made of buffers) made.destroy();
  onDispatch?.(dispatch, before, after);
  return faults;
}
