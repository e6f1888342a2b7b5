/**
 * A compiled program: a plan with its buffers, bind groups and pipelines, recorded once and
 * replayed for every step.
 */

import { hold, type Resident } from '../gpu/download.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { Variants } from '../kernels/tuning.ts';
import { type Batch, checkBatch, writeBatch } from './inputs.ts';
import type { CompileOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { IN_FLIGHT, STEP_BYTES } from './plan_bytes.ts';
import { meanOf, type Slot } from './reading.ts';
import { type Probe, type Recorded, type Recording, record } from './recording.ts';
import { type Snapshot, variantsOf } from './snapshot.ts';
import { heldVariables, writeSets } from './store.ts';

export interface RunOptions<O> {
  /** Outputs to read; their values are what `run` resolves with. */
  read?: readonly (keyof O & string)[];
  /** Watches the step from within; profiling has one. */
  probe?: Probe;
}

/** Values of outputs by name. */
export type Read<O> = { [K in keyof O]: Float32Array };

/** A program compiled by `compile`. */
export class Program<I, O> {
  readonly gpu: Gpu;
  plan: Plan;
  /** Of all random numbers; {@link restore} takes it from the snapshot. */
  seed: number;
  /** Steps that have been run. */
  count = 0;
  readonly #makePlan: (variants: Variants) => Plan;
  readonly #onProgress: CompileOptions['onProgress'];
  #recording!: Recording;
  /** Whether the outputs hold anything. */
  #ran = false;
  #flight: Promise<unknown>[] = [];
  #heldStep = 0;
  #disposed = false;
  readonly #resident: Resident = {
    rebuild: () => this.#rebuild(),
    hold: () => {
      const step = this.count;
      const keep = () => {
        this.#heldStep = step;
      };
      return { buffers: [], keep };
    },
  };

  constructor(
    gpu: Gpu,
    makePlan: (variants: Variants) => Plan,
    { seed = 0, onProgress }: CompileOptions,
  ) {
    this.gpu = gpu;
    this.plan = makePlan({});
    this.#makePlan = makePlan;
    this.seed = seed;
    this.#onProgress = onProgress;
  }

  /**
   * Every dispatch of a step, to be appended to passes of the caller: for measuring. They read the
   * inputs of the last run; whoever replays an update changes the variables without counting a step.
   */
  get dispatches(): readonly Recorded[] {
    this.#check();
    return this.#recording.dispatches;
  }

  /** Compiles the pipelines, allocates and records. */
  async build(): Promise<void> {
    const recording = await this.#record(this.plan);
    if (this.#disposed) return recording.dispose();
    this.#recording = recording;
    this.gpu.residents.add(this.#resident);
  }

  #record(plan: Plan): Promise<Recording> {
    return record(this.gpu, plan, { seed: this.seed, onProgress: this.#onProgress });
  }

  /**
   * Runs one step on a batch: writes the inputs, replays every dispatch, submits once. Resolves
   * when the work is queued, at most two steps ahead of the device; with `read`, when the values
   * are here. Steps of all programs of a device queue up in the order of the calls, and a batch
   * must not change before its step resolves. With micro-batches, takes as many batches as the
   * program accumulates, submits once for each, and what is read is their mean; what only the
   * update makes, such as the norm of the gradient, is read as it is.
   */
  run(batch: Batch<I> | readonly Batch<I>[], options?: { probe?: Probe }): Promise<void>;
  run<K extends keyof O & string>(
    batch: Batch<I> | readonly Batch<I>[],
    options: { read: readonly K[]; probe?: Probe },
  ): Promise<Read<Pick<O, K>>>;
  async run(
    batch: Batch<I> | readonly Batch<I>[],
    { read = [], probe }: RunOptions<O> = {},
  ): Promise<unknown> {
    const batches = Array.isArray(batch) ? (batch as Batch<I>[]) : [batch as Batch<I>];
    const results = await this.#inTurn(() => this.#queue(batches, read, probe));
    return this.#unlessDisposed(results());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.gpu.inTurn(() => {
      this.#check();
      return work();
    });
  }

  #check() {
    if (this.#disposed) throw disposedError();
    this.gpu.check();
    const at = this.#recording.stores.findIndex(({ released }) => released);
    if (at >= 0)
      throw new Error(
        `the variables of ${this.plan.sets[at]!.name} have been released: compile the program again`,
      );
  }

  /** Disposing destroys the buffers of reads that are under way. */
  async #unlessDisposed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#disposed ? disposedError() : error;
    }
  }

  async #queue(batches: readonly Batch<I>[], read: readonly (keyof O & string)[], probe?: Probe) {
    const { gpu, plan } = this;
    if (batches.length !== plan.microBatches)
      throw new Error(
        `run: this program takes ${plan.microBatches} micro-batches a step, got ${batches.length}`,
      );
    for (const batch of batches) checkBatch(plan, batch);
    for (const name of read) this.#checkOutput('run', name);
    const reading: Promise<Record<string, Float32Array>>[] = [];
    for (const [micro, batch] of batches.entries()) {
      while (this.#flight.length >= IN_FLIGHT) await gpu.settled(this.#flight.shift()!);
      const slot = read.length ? await gpu.settled(this.#recording.ring.take()) : undefined;
      this.#check();
      probe?.mark('write');
      this.#write(batch, micro);
      probe?.mark('encode');
      const encoder = gpu.device.createCommandEncoder();
      this.#recording.encode(encoder, micro === batches.length - 1, probe);
      if (slot) for (const name of read) this.#copy(slot, encoder, name);
      probe?.mark('submit');
      gpu.submit(encoder);
      probe?.mark('wait');
      this.#ran = true;
      if (slot) reading.push(handled(slot.read(read)));
      this.#flight.push(handled(gpu.device.queue.onSubmittedWorkDone()));
    }
    this.count++;
    return async () =>
      read.length ? meanOf(await Promise.all(reading), this.plan.late) : undefined;
  }

  #checkOutput(verb: string, name: string) {
    if (!Object.hasOwn(this.plan.outputs, name))
      throw new Error(
        `${verb}: there is no output ${name}. There are ${Object.keys(this.plan.outputs).join(', ') || 'none'}`,
      );
  }

  #write(batch: Batch<I>, micro: number) {
    const { queue } = this.gpu.device;
    const { buffers, step } = this.#recording;
    writeBatch(queue, this.plan, buffers, batch);
    const block = new ArrayBuffer(STEP_BYTES);
    new Uint32Array(block, 0, 2).set([this.seed, this.count * this.plan.microBatches + micro]);
    new Float32Array(block, 16).set(this.plan.schedules.map((s) => s(this.count, micro)));
    queue.writeBuffer(step, 0, block);
  }

  #copy(slot: Slot, encoder: GPUCommandEncoder, name: string) {
    const { memory } = this.plan.outputs[name]!.operand;
    slot.copy(encoder, name, this.#recording.buffers.get(memory)!);
  }

  /** Reads an output of the last step; with micro-batches, of the last of them. */
  async read(name: keyof O & string): Promise<Float32Array> {
    const { gpu } = this;
    const values = await this.#inTurn(async () => {
      this.#checkOutput('read', name);
      if (!this.#ran)
        throw new Error(`read: ${name} holds nothing, since no step has run on this device`);
      const slot = await gpu.settled(this.#recording.ring.take());
      this.#check();
      const encoder = gpu.device.createCommandEncoder();
      this.#copy(slot, encoder, name);
      gpu.submit(encoder);
      const reading = handled(slot.read([name]));
      return () => reading;
    });
    return (await this.#unlessDisposed(values()))[name]!;
  }

  /** Resolves when all queued steps are done. */
  async done(): Promise<void> {
    const { gpu } = this;
    await this.#inTurn(() => gpu.settled(gpu.device.queue.onSubmittedWorkDone()));
  }

  /**
   * Reads all variables of the program. {@link Gpu.recover} goes back to the last snapshot of any
   * program of the device.
   */
  snapshot(): Promise<Snapshot> {
    return this.#inTurn(async () => {
      const { gpu, plan, seed } = this;
      await hold(gpu);
      const sets = await heldVariables(gpu, plan.sets);
      const chosen = { adapter: gpu.adapter.name, variants: plan.variants };
      return { step: this.#heldStep, seed, sets, chosen };
    });
  }

  /**
   * Goes on from a snapshot: the next step is what it would have been. Where the snapshot was made
   * with other variants on this adapter, the program is compiled anew with those.
   */
  restore(snapshot: Snapshot): Promise<void> {
    return this.#inTurn(async () => {
      const { step, seed, sets } = snapshot;
      const plan = this.#replanned(variantsOf(snapshot, this.gpu));
      const recording = plan && (await this.#record(plan));
      try {
        await writeSets(this.gpu, this.plan.sets, sets);
        await this.#recording.ring.idle();
      } catch (error) {
        recording?.dispose();
        throw error;
      }
      if (plan && recording) {
        this.#recording.dispose();
        this.#recording = recording;
        this.plan = plan;
        this.#ran = false;
      }
      this.seed = seed;
      this.count = this.#heldStep = step;
    });
  }

  /** The plan with these variants, where it is another. */
  #replanned(variants: Variants): Plan | undefined {
    const now = this.plan.variants;
    const differs = (others: Variants) => Object.keys(now).some((key) => now[key] !== others[key]);
    if (!differs({ ...now, ...variants })) return undefined;
    const plan = this.#makePlan(variants);
    return differs(plan.variants) ? plan : undefined;
  }

  async #rebuild() {
    this.#ran = false;
    this.#flight = [];
    this.count = this.#heldStep;
    // The fresh device may have other limits and features; where it has not, nothing changes.
    this.plan = this.#makePlan(this.plan.variants);
    await this.build();
  }

  /** Gives all buffers of the program back; the variables stay with the model. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.gpu.residents.delete(this.#resident);
    this.#recording.dispose();
  }
}

const disposedError = () => new Error('this program is disposed: compile it again');

/** A promise whose failure is no news if nobody waits for it: the next step reports it. */
function handled<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
