/** The device: the only place that creates buffers, bind groups and pipelines, and counts them. */

import type { AdapterReport } from '../platform/types.ts';
import { Buffers, type Counts } from './buffers.ts';
import { type OpenOptions, openDevice } from './device.ts';
import type { Resident } from './download.ts';
import { DeviceLostEvent, GpuEventTarget } from './events.ts';
import { DeviceLostError, GpuError, OutOfMemoryError } from './faults.ts';
import { type PipelineCache, pipelineCache } from './pipeline.ts';
import { scoped } from './scopes.ts';
import type { Tuning } from './tuning.ts';

// Browsers and the first releases of Node 20 lack the symbol that `await using` looks for.
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol.for('Symbol.asyncDispose');

export type { Counts, OpenOptions };

/**
 * How long the announcement of a loss may lag behind the work that failed of it, in milliseconds.
 */
const ANNOUNCEMENT = 100;

/** A device, and what lives on it. `openGpu` makes one. */
export class Gpu extends GpuEventTarget {
  readonly options: OpenOptions;
  readonly counts: Counts = { buffers: 0, bindGroups: 0, pipelines: 0, submits: 0, bytes: 0 };
  /** What lives on this device, in the order it must be rebuilt. */
  readonly residents = new Set<Resident>();
  /** What other layers keep for this device, such as the slabs of a model's parameters. */
  readonly attached = new WeakMap<object, unknown>();
  #device!: GPUDevice;
  #pipelines!: PipelineCache;
  #report!: AdapterReport;
  #tuning!: Tuning;
  #fault: GpuError | undefined;
  #closed = false;
  #lost = false;
  /** The device that somebody else has opened, where it was one. */
  #borrowed: GPUDevice | undefined;
  /** The device that {@link recover} has given up. */
  #abandoned: GPUDevice | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #recovery: Promise<void> | undefined;
  /** The device is fresh, and what lives on it not all there yet. */
  #rebuilding = false;
  readonly #buffers = new Buffers(this.counts);
  readonly #rejected = ({ error }: GPUUncapturedErrorEvent) => {
    this.#fault ??= rejection(error);
  };

  constructor(options: OpenOptions) {
    super();
    this.options = options;
    this.#borrowed = options.device;
  }

  get device(): GPUDevice {
    return this.#device;
  }

  /** The adapter behind the device, with why it was chosen. */
  get adapter(): AdapterReport {
    return this.#report;
  }

  /** What was measured of the variants of kernels on this adapter. */
  get tuning(): Tuning {
    return this.#tuning;
  }

  get pipelines(): PipelineCache {
    return this.#pipelines;
  }

  /** Bytes of the largest range that one binding may cover. */
  get maxBinding(): number {
    return Math.min(
      this.#device.limits.maxStorageBufferBindingSize,
      this.options.maxBinding ?? Infinity,
    );
  }

  /** Lanes of a subgroup where all have the same number, else 0. */
  get subgroupSize(): number {
    const { subgroupMinSize: min, subgroupMaxSize: max } = this.#device.adapterInfo;
    return this.#device.features.has('subgroups') && min === max ? (min ?? 0) : 0;
  }

  /** Opens the device, or a fresh one after a loss. */
  async open(): Promise<void> {
    const borrowed = this.#borrowed;
    const { device, report, tuning } = await openDevice({
      ...this.options,
      ...(borrowed && { device: borrowed }),
    });
    if (this.#closed) {
      if (!borrowed) device.destroy();
      throw closedError();
    }
    this.#device = device;
    this.#report = report;
    this.#tuning = tuning;
    this.#fault = undefined;
    this.#pipelines = pipelineCache(device, this.counts);
    void device.lost.then(({ reason, message }) => {
      if (this.#device !== device || this.#abandoned === device || this.#closed) return;
      const error = new DeviceLostError(message || reason);
      this.#fault = error;
      this.#lost = true;
      this.dispatchEvent(new DeviceLostEvent(error));
    });
    // Those of a borrowed device may be of others who use it.
    if (!borrowed) device.addEventListener('uncapturederror', this.#rejected);
  }

  /** Whether the device is lost, and {@link recover} has not succeeded yet. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Throws what has gone wrong with the device, if anything; call before using it. */
  check(): void {
    this.checkSince(this.#device);
    if (this.#rebuilding) throw new DeviceLostError('it is being recovered');
  }

  /** Throws unless all is well with the device that some work was begun on; also for what recovers. */
  checkSince(device: GPUDevice): void {
    if (this.#closed) throw closedError();
    if (this.#fault) throw this.#fault;
    if (device !== this.#device) throw new DeviceLostError('it has been recovered since');
  }

  /**
   * Waits for `work` on the device and turns a failure into its cause.
   * A lost device makes it reject; it never resolves with what a lost device left behind.
   */
  async settled<T>(work: Promise<T>): Promise<T> {
    const device = this.#device;
    try {
      const result = await work;
      this.checkSince(device);
      return result;
    } catch (error) {
      await this.#announced();
      this.checkSince(device);
      if (error instanceof GpuError) throw error;
      throw new GpuError(`the GPU failed: ${(error as Error).message}`, { cause: error });
    }
  }

  /** A loss is announced on the next turns of the event loop, after the work that failed of it. */
  async #announced() {
    for (let waited = 0; waited < ANNOUNCEMENT && !this.#fault && !this.#closed; waited += 5) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /**
   * Does things one after another, in the order of the calls, whoever makes them. What was asked of
   * a device that has been lost since is not done on the recovered one.
   */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const device = this.#device;
    const done = this.#turn.then(() => {
      this.check();
      this.checkSince(device);
      return work();
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  /** A new buffer of `size` bytes. Only plans and stores call this, within {@link allocate}. */
  buffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    return this.#buffers.create(this.#device, label, size, usage);
  }

  /** Gives a buffer back, if it has not been given back or lost already. */
  release(buffer: GPUBuffer): void {
    this.#buffers.release(buffer);
  }

  /**
   * Runs `make`, which creates buffers and writes to them, and rejects with the sizes when the
   * device is out of memory. Whatever goes wrong, the buffers are given back.
   */
  async allocate<T>(what: string, make: () => T): Promise<T> {
    this.checkSince(this.#device);
    return this.#buffers.allocate(this.#device, what, make, (work) => this.settled(work));
  }

  bindGroup(descriptor: GPUBindGroupDescriptor): GPUBindGroup {
    this.counts.bindGroups++;
    return this.#device.createBindGroup(descriptor);
  }

  submit(encoder: GPUCommandEncoder): void {
    this.counts.submits++;
    const submit = () => this.#device.queue.submit([encoder.finish()]);
    if (this.#borrowed) this.#watched(submit);
    else submit();
  }

  /** Our commands on a borrowed device, of which errors that nobody catches tell nothing. */
  #watched(work: () => void) {
    const { result, errors } = scoped(this.#device, work);
    result();
    const note = (found: readonly (GPUError | null)[]) => {
      const error = found.find(Boolean);
      if (error) this.#fault ??= rejection(error);
    };
    // Where the device is lost, it says so itself.
    errors.then(note, () => {});
  }

  /**
   * After a loss: opens a fresh device and rebuilds what lived on the lost one from the last
   * parameters held on the host. Programs go on from the step of that snapshot. Does nothing while
   * the device is well.
   * @param fresh the device to go on with, where the lost one was borrowed
   */
  recover(fresh?: GPUDevice): Promise<void> {
    this.#recovery ??= this.#recover(fresh).finally(() => {
      this.#recovery = undefined;
    });
    return this.#recovery;
  }

  async #recover(fresh: GPUDevice | undefined) {
    if (this.#closed) throw closedError();
    await this.#announced();
    if (!this.#fault) return;
    if (this.#borrowed && !fresh)
      throw new DeviceLostError(
        'it was borrowed, so it cannot be opened again from here',
        'give recover(device) a fresh one',
      );
    this.#abandoned = this.#device;
    if (this.#borrowed) this.#borrowed = fresh;
    else this.#device.destroy();
    this.#buffers.forget();
    this.#turn = Promise.resolve();
    this.#rebuilding = true;
    try {
      await this.open();
      for (const resident of [...this.residents]) await resident.rebuild();
      this.#lost = false;
    } catch (error) {
      // Some of what lived here is missing, so nothing may run until another attempt succeeds.
      this.#fault = error instanceof GpuError ? error : new GpuError(String(error));
      throw error;
    } finally {
      this.#rebuilding = false;
    }
    this.dispatchEvent(new Event('recovered'));
  }

  /**
   * Ends the use of the device: all buffers are given back, and the device is destroyed unless it
   * is borrowed.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#device.removeEventListener('uncapturederror', this.#rejected);
    this.#buffers.releaseAll();
    this.residents.clear();
    if (!this.#borrowed) this.#device.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

const rejection = (error: GPUError): GpuError => {
  const Kind = error.constructor.name === 'GPUOutOfMemoryError' ? OutOfMemoryError : GpuError;
  return new Kind(`the GPU rejected a command: ${error.message}`);
};

const closedError = () => new GpuError('this Gpu is closed: open another with openGpu()');

/**
 * Opens the best adapter there is: hardware, then lavapipe, then SwiftShader.
 * @throws NoAdapterError when there is none, with what would give one.
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const gpu = new Gpu(options);
  await gpu.open();
  return gpu;
}
