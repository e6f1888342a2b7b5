/** A compiled program: a plan with its buffers, bind groups and pipelines, recorded once and replayed for every step. */

import type { Gpu } from '../gpu/gpu.ts';
import type { Target } from '../kernels/kernel.ts';
import type { DType, Memory, Operand, Shape } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';
import {
  bytesOf,
  IN_FLIGHT,
  makePlan,
  type Plan,
  paramsBytes,
  READING_SLOTS,
  STEP_BYTES,
  UNIFORM_STEP,
} from './plan.ts';
import { type Ring, readingRing } from './reading.ts';
import { readVariables, storeOf, type Values, writeVariables } from './store.ts';
import { show, type Tensor, tensor, trace } from './trace.ts';

/** An input: a shape of f32, or a shape and a type. */
export type InputSpec = Shape | { readonly shape: Shape; readonly dtype: DType };
type Inputs<I> = Readonly<Record<keyof I, ArrayLike<number>>>;

export interface CompileOptions {
  /** Merge chains of elementwise ops, and epilogues into products. Only tests turn it off. */
  fuse?: boolean;
  /** Of the initial values and of all random numbers. */
  seed?: number;
  /** Called as pipelines are ready. */
  onProgress?: (done: number, total: number) => void;
}

export interface RunOptions<O> {
  /** Outputs to read; their values are what `run` resolves with. */
  read?: readonly (keyof O & string)[];
}

/** Values of outputs by name. */
export type Read<O> = { [K in keyof O]: Float32Array };

/** All that a program needs to go on elsewhere: the steps done, and every variable it reads or writes, by set and name. */
export interface Snapshot {
  readonly step: number;
  readonly seed: number;
  readonly sets: ReadonlyMap<string, Values>;
}

export class Program<I, O> {
  readonly gpu: Gpu;
  readonly plan: Plan;
  readonly seed: number;
  /** Steps that have been run. */
  count = 0;
  #progress: ((done: number, total: number) => void) | undefined;
  #buffers = new Map<Memory, GPUBuffer>();
  #owned: GPUBuffer[] = [];
  #step!: GPUBuffer;
  #recorded: {
    pipeline: GPUComputePipeline;
    group: GPUBindGroup;
    groups: readonly [number, number, number];
    update: boolean;
  }[] = [];
  #ring!: Ring;
  #flight: Promise<unknown>[] = [];
  #heldStep = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #disposed = false;
  readonly #resident = { rebuild: () => this.#rebuild() };

  constructor(gpu: Gpu, plan: Plan, { seed = 0, onProgress }: CompileOptions) {
    this.gpu = gpu;
    this.plan = plan;
    this.seed = seed;
    this.#progress = onProgress;
  }

  /** Compiles the pipelines, allocates and records. */
  async build(): Promise<void> {
    const { gpu, plan } = this;
    const pipelines = this.#compile();
    for (const set of plan.sets) await storeOf(gpu, set, this.seed);
    await gpu.allocate('this program', () => this.#allocate());
    for (const [memory, { set, slab }] of plan.slabs)
      this.#buffers.set(memory, (await storeOf(gpu, set)).buffers[slab]!);
    this.#record(await pipelines);
    gpu.residents.add(this.#resident);
  }

  async #compile(): Promise<GPUComputePipeline[]> {
    const { dispatches } = this.plan;
    let done = 0;
    return Promise.all(
      dispatches.map(async (dispatch) => {
        const pipeline = await this.gpu.pipelines.get(dispatch);
        this.#progress?.(++done, dispatches.length);
        return pipeline;
      }),
    );
  }

  #allocate() {
    const { gpu, plan } = this;
    const own = (label: string, size: number, usage: GPUBufferUsageFlags) => {
      const buffer = gpu.buffer(label, size, usage | GPUBufferUsage.COPY_DST);
      this.#owned.push(buffer);
      return buffer;
    };
    const storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    plan.blocks.forEach(({ size, holds }, i) => {
      const buffer = own(`block ${i}`, bytesOf({ name: '', size }), storage);
      for (const memory of holds) this.#buffers.set(memory, buffer);
      if (gpu.options.poison)
        gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(buffer.size / 4).fill(Number.NaN));
    });
    for (const memory of plan.lasting)
      this.#buffers.set(memory, own(memory.name, bytesOf(memory), storage));
    for (const [memory, values] of plan.constants)
      gpu.device.queue.writeBuffer(
        this.#buffers.get(memory)!,
        0,
        values as Float32Array<ArrayBuffer>,
      );
    this.#step = own('step', STEP_BYTES, GPUBufferUsage.UNIFORM);
    this.#ring = readingRing(gpu, plan.outputs, READING_SLOTS);
  }

  /** Bind groups for all dispatches, with their parameters written once. */
  #record(pipelines: readonly GPUComputePipeline[]) {
    const { gpu, plan } = this;
    const params = new ArrayBuffer(paramsBytes(plan.dispatches));
    const uniforms = gpu.buffer(
      'params',
      params.byteLength,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    this.#owned.push(uniforms);
    let at = 0;
    this.#recorded = plan.dispatches.map((dispatch, i) => {
      const { kernel, operands, groups, update } = dispatch;
      const data = new DataView(params, at, kernel.paramsSize);
      for (const { name, offset, type } of kernel.params) {
        const value = dispatch.params[name];
        if (value === undefined)
          throw new Error(`${kernel.file}: its binding gives no value for params.${name}`);
        if (type === 'f32') data.setFloat32(offset, value, true);
        else data.setUint32(offset, value, true);
      }
      const entries: GPUBindGroupEntry[] = kernel.uniforms.map(({ name, binding }) => ({
        binding,
        resource:
          name === 'step'
            ? { buffer: this.#step }
            : { buffer: uniforms, offset: at, size: Math.ceil(kernel.paramsSize / 16) * 16 },
      }));
      for (const { name, binding } of kernel.storage)
        entries.push({ binding, resource: this.#range(operands[name]!) });
      at += Math.ceil(kernel.paramsSize / UNIFORM_STEP) * UNIFORM_STEP;
      const layout = gpu.pipelines.layout(kernel);
      const group = gpu.bindGroup({ label: kernel.file, layout, entries });
      return { pipeline: pipelines[i]!, group, groups, update };
    });
    gpu.device.queue.writeBuffer(uniforms, 0, params);
  }

  /** A whole number of quads, so that kernels may read the last one. */
  #range({ memory, offset, shape }: Operand): GPUBufferBinding {
    const buffer = this.#buffers.get(memory)!;
    return { buffer, offset: 4 * offset, size: 16 * Math.max(1, Math.ceil(sizeOf(shape) / 4)) };
  }

  /**
   * Runs one step on a batch: writes the inputs, replays every dispatch, submits once. Resolves when the work is queued, at most two
   * steps ahead of the device; with `read`, when the values are here. With micro-batches, takes as many batches as the program
   * accumulates, submits once for each, and what is read is their mean.
   */
  run(batch: Inputs<I> | readonly Inputs<I>[]): Promise<void>;
  run<K extends keyof O & string>(
    batch: Inputs<I> | readonly Inputs<I>[],
    options: { read: readonly K[] },
  ): Promise<Read<Pick<O, K>>>;
  run(
    batch: Inputs<I> | readonly Inputs<I>[],
    { read = [] }: RunOptions<O> = {},
  ): Promise<unknown> {
    const batches = Array.isArray(batch) ? (batch as Inputs<I>[]) : [batch as Inputs<I>];
    // Steps queue up in the order of the calls, whoever makes them.
    const queued = this.#turn.then(() => this.#queue(batches, read));
    this.#turn = queued.catch(() => {});
    return queued.then((results) => results());
  }

  async #queue(batches: readonly Inputs<I>[], read: readonly (keyof O & string)[]) {
    const { gpu, plan } = this;
    if (this.#disposed) throw new Error('this program is disposed: compile it again');
    gpu.check();
    if (batches.length !== plan.microBatches)
      throw new Error(
        `run: this program takes ${plan.microBatches} micro-batches a step, got ${batches.length}`,
      );
    for (const batch of batches) this.#checkBatch(batch);
    const reading: Promise<Record<string, Float32Array>>[] = [];
    for (const [micro, batch] of batches.entries()) {
      while (this.#flight.length >= IN_FLIGHT) await gpu.settled(this.#flight.shift()!);
      const slot = read.length ? await this.#ring.take() : undefined;
      gpu.check();
      this.#write(batch, micro);
      const encoder = gpu.device.createCommandEncoder();
      this.#encode(encoder, micro === batches.length - 1);
      if (slot)
        for (const name of read)
          slot.copy(encoder, name, this.#buffers.get(plan.outputs[name]!.memory)!);
      gpu.submit(encoder);
      if (slot) reading.push(slot.read(read));
      this.#flight.push(gpu.device.queue.onSubmittedWorkDone());
    }
    this.count++;
    return async () => (read.length ? meanOf(await Promise.all(reading)) : undefined);
  }

  #checkBatch(batch: Inputs<I>) {
    for (const [name, { operand }] of Object.entries(this.plan.inputs)) {
      const values = batch[name as keyof I];
      const size = sizeOf(operand.shape);
      if (values?.length !== size)
        throw new Error(
          `run: input ${name} ${show(operand.shape)} takes ${size} values, got ${values?.length ?? 'none'}`,
        );
    }
  }

  #write(batch: Inputs<I>, micro: number) {
    const { queue } = this.gpu.device;
    for (const [name, { operand, dtype }] of Object.entries(this.plan.inputs)) {
      const values = batch[name as keyof I];
      const Kind = dtype === 'f32' ? Float32Array : Uint32Array;
      const typed = values instanceof Kind ? values : Kind.from(values);
      queue.writeBuffer(this.#buffers.get(operand.memory)!, 0, typed as Float32Array<ArrayBuffer>);
    }
    const block = new ArrayBuffer(STEP_BYTES);
    new Uint32Array(block, 0, 2).set([this.seed, this.count * this.plan.microBatches + micro]);
    new Float32Array(block, 16).set(this.plan.schedules.map((s) => s(this.count, micro)));
    queue.writeBuffer(this.#step, 0, block);
  }

  #encode(encoder: GPUCommandEncoder, last: boolean) {
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, groups, update } of this.#recorded) {
      if (update && !last) continue;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
  }

  /** Reads an output of the last step. */
  async read(name: keyof O & string): Promise<Float32Array> {
    await this.#turn;
    const { memory, offset, shape } = this.plan.outputs[name]!;
    const size = 4 * sizeOf(shape);
    const padded = Math.ceil(size / 16) * 16;
    const values = await this.gpu.download(this.#buffers.get(memory)!, 4 * offset, padded);
    return new Float32Array(values, 0, size / 4);
  }

  /** Resolves when all queued steps are done. */
  async done(): Promise<void> {
    await this.#turn;
    await this.gpu.settled(this.gpu.device.queue.onSubmittedWorkDone());
  }

  /** Reads all variables of the program. {@link Gpu.recover} goes back to the last snapshot. */
  async snapshot(): Promise<Snapshot> {
    await this.#turn;
    const step = this.count;
    const sets = new Map<string, Values>();
    for (const set of this.plan.sets) sets.set(set.name, await readVariables(this.gpu, set));
    this.#heldStep = step;
    return { step, seed: this.seed, sets };
  }

  /** Goes on from a snapshot: the next step is what it would have been. */
  async restore({ step, sets }: Snapshot): Promise<void> {
    await this.#turn;
    for (const set of this.plan.sets) {
      const values = sets.get(set.name);
      if (!values)
        throw new Error(
          `restore: the snapshot has no ${set.name}. Was it saved from another program?`,
        );
      await writeVariables(this.gpu, set, values);
    }
    this.count = this.#heldStep = step;
  }

  async #rebuild() {
    this.#buffers.clear();
    this.#owned = [];
    this.#flight = [];
    this.#turn = Promise.resolve();
    this.count = this.#heldStep;
    await this.build();
  }

  /** Gives all buffers of the program back; the variables stay with the model. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.gpu.residents.delete(this.#resident);
    for (const buffer of this.#owned) this.gpu.release(buffer);
    this.#ring.dispose();
  }
}

/** The mean of each output over micro-batches. */
function meanOf(results: readonly Record<string, Float32Array>[]): Record<string, Float32Array> {
  const [first, ...others] = results;
  return Object.fromEntries(
    Object.entries(first!).map(([name, values]) => [
      name,
      values.map((v, i) => others.reduce((s, o) => s + o[name]![i]!, v) / results.length),
    ]),
  );
}

type Traced<I> = { readonly [K in keyof I]: Tensor };

/**
 * Traces `f` on symbolic inputs of the given shapes and compiles it.
 * `f` returns its outputs by name; ops that update variables, as optimisers do, need no output.
 */
export async function compile<
  const I extends Readonly<Record<string, InputSpec>>,
  O extends Readonly<Record<string, Tensor>>,
>(
  gpu: Gpu,
  f: (inputs: Traced<I>) => O,
  inputs: I,
  options: CompileOptions = {},
): Promise<Program<I, O>> {
  gpu.check();
  const symbols = Object.fromEntries(
    Object.entries(inputs).map(([name, spec]) => {
      const { shape, dtype } = 'shape' in spec ? spec : { shape: spec, dtype: 'f32' as const };
      return [name, tensor(shape, { kind: 'input', name }, dtype)];
    }),
  ) as unknown as Traced<I>;
  const { tape, result } = trace(() => f(symbols));
  const target: Target = {
    kind: gpu.adapter.kind,
    subgroupSize: gpu.subgroupSize,
    maxBinding: gpu.maxBinding,
  };
  const plan = makePlan(tape, symbols as Record<string, Tensor>, result, target, {
    memoryCap: gpu.options.memoryCap,
    ...(options.fuse !== undefined && { fuse: options.fuse }),
  });
  const program = new Program<I, O>(gpu, plan, options);
  await program.build();
  return program;
}

/** Traces, compiles and runs `f` once on given values, and reads all its outputs. For trying an op in a few lines. */
export async function evaluate<
  const I extends Readonly<
    Record<string, { shape: Shape; values: ArrayLike<number>; dtype?: DType }>
  >,
  O extends Readonly<Record<string, Tensor>>,
>(gpu: Gpu, f: (inputs: Traced<I>) => O, inputs: I, options?: CompileOptions): Promise<Read<O>> {
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
  );
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, given.values]),
  );
  const program = await compile(gpu, f as (inputs: Traced<typeof specs>) => O, specs, options);
  try {
    const read = Object.keys(program.plan.outputs) as (keyof O & string)[];
    return (await program.run(values, { read })) as Read<O>;
  } finally {
    program.dispose();
  }
}
