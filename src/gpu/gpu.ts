/** The device: the only place that creates buffers, bind groups and pipelines, and counts them. */

import { findAdapters } from '#platform';
import type { AdapterKind, AdapterReport } from '../platform/types.ts';
import {
  bytes,
  DeviceLostError,
  GpuError,
  LimitError,
  NoAdapterError,
  OutOfMemoryError,
} from './faults.ts';
import { type PipelineCache, pipelineCache } from './pipeline.ts';

export interface OpenOptions {
  /** The kind of adapter to use instead of the best one there is; `KINEGRAD_ADAPTER` does the same in Node. */
  adapter?: AdapterKind | undefined;
  /** A device that somebody else opened. It is used and never destroyed. */
  device?: GPUDevice;
  /** Ask for WebGPU's default limits and no optional feature, as the weakest device gives. */
  plain?: boolean;
  /** The largest binding to use, in bytes, when less than the device's own limit is wanted. */
  maxBinding?: number;
  /** Refuse programs whose buffers would need more bytes than this. */
  memoryCap?: number;
  /** Fill the scratch memory of programs with NaN before their first step, so that a read before a write shows. */
  poison?: boolean;
}

/** What has been created on a device since it was opened. `bytes` is what is allocated now. */
export interface Counts {
  buffers: number;
  bindGroups: number;
  pipelines: number;
  submits: number;
  bytes: number;
}

/** Something that lives on the device and can be made again on a fresh one. */
export interface Resident {
  /** Makes its buffers again on the fresh device and fills them from what the host holds. */
  rebuild(): Promise<void>;
}

export class Gpu {
  readonly options: OpenOptions;
  readonly counts: Counts = { buffers: 0, bindGroups: 0, pipelines: 0, submits: 0, bytes: 0 };
  /** What lives on this device, in the order it must be rebuilt. */
  readonly residents = new Set<Resident>();
  /** What other layers keep for this device, such as the slabs of a model's parameters. */
  readonly attached = new WeakMap<object, unknown>();
  #device!: GPUDevice;
  #pipelines!: PipelineCache;
  #report!: AdapterReport;
  #fault: GpuError | undefined;
  #closed = false;

  constructor(options: OpenOptions) {
    this.options = options;
  }

  get device(): GPUDevice {
    return this.#device;
  }

  /** The adapter behind the device, with why it was chosen. */
  get adapter(): AdapterReport {
    return this.#report;
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

  get features(): ReadonlySet<string> {
    return this.#device.features;
  }

  /** Lanes of a subgroup where all have the same number, else 0. */
  get subgroupSize(): number {
    const { subgroupMinSize: min, subgroupMaxSize: max } = this.#device.adapterInfo;
    return this.#device.features.has('subgroups') && min === max ? (min ?? 0) : 0;
  }

  /** Opens the device, or a fresh one after a loss. */
  async open(): Promise<void> {
    const { device: borrowed, adapter: wanted, plain } = this.options;
    if (borrowed) {
      this.#report = borrowedReport(borrowed);
      this.#use(borrowed);
      return;
    }
    const { adapter, reports, remedies } = await findAdapters(wanted);
    if (!adapter) throw new NoAdapterError(reports, remedies);
    this.#report = reports.find(({ chosen }) => chosen)!;
    this.#use(await adapter.requestDevice(plain ? {} : everything(adapter)));
  }

  #use(device: GPUDevice) {
    this.#device = device;
    this.#fault = undefined;
    this.#pipelines = pipelineCache(device, this.counts);
    void device.lost.then(({ reason, message }) => {
      if (this.#closed || this.#device !== device) return;
      this.#fault = new DeviceLostError(message || reason);
    });
    device.onuncapturederror = ({ error }) => {
      this.#fault ??= new GpuError(`the GPU rejected a command: ${error.message}`);
    };
  }

  /** Throws what has gone wrong with the device, if anything; call before using it. */
  check(): void {
    if (this.#closed) throw new GpuError('this Gpu is closed: open another with openGpu()');
    if (this.#fault) throw this.#fault;
  }

  /**
   * Waits for `work` on the device and turns a failure into its cause.
   * A lost device makes it reject; it never resolves with what a lost device left behind.
   */
  async settled<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.check();
      return result;
    } catch (error) {
      // The loss is announced on the next turns of the event loop, after the work has failed.
      for (let turn = 0; turn < 20 && !this.#fault && !this.#closed; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw this.#fault ?? error;
    }
  }

  /** A new buffer of `size` bytes. Only plans and stores call this; {@link allocate} checks for memory. */
  buffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const { maxBufferSize } = this.#device.limits;
    if (size > maxBufferSize)
      throw new LimitError(label, size, maxBufferSize, 'use a smaller batch or more micro-batches');
    const buffer = this.#device.createBuffer({ label, size, usage });
    this.counts.buffers++;
    this.counts.bytes += size;
    return buffer;
  }

  /** Gives a buffer back. */
  release(buffer: GPUBuffer): void {
    this.counts.bytes -= buffer.size;
    buffer.destroy();
  }

  /** Runs `make`, which creates buffers, and rejects with the sizes when the device is out of memory. */
  async allocate<T>(what: string, make: () => T): Promise<T> {
    this.check();
    const before = this.counts.bytes;
    this.#device.pushErrorScope('out-of-memory');
    let made: T;
    let scope: Promise<GPUError | null>;
    try {
      made = make();
    } finally {
      scope = this.#device.popErrorScope();
    }
    const error = await this.settled(scope);
    if (error)
      throw new OutOfMemoryError(
        `${what}: the device has no room for ${bytes(this.counts.bytes - before)} more (${bytes(before)} in use): use a smaller batch, more micro-batches or a narrower model`,
      );
    return made;
  }

  bindGroup(descriptor: GPUBindGroupDescriptor): GPUBindGroup {
    this.counts.bindGroups++;
    return this.#device.createBindGroup(descriptor);
  }

  submit(encoder: GPUCommandEncoder): void {
    this.counts.submits++;
    this.#device.queue.submit([encoder.finish()]);
  }

  /** Copies `size` bytes of a buffer to the host. For occasional reads; programs read through their ring. */
  async download(buffer: GPUBuffer, offset = 0, size = buffer.size - offset): Promise<ArrayBuffer> {
    this.check();
    const staging = this.buffer(
      'download',
      size,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    try {
      const encoder = this.#device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
      this.submit(encoder);
      await this.settled(staging.mapAsync(GPUMapMode.READ));
      return staging.getMappedRange().slice(0);
    } finally {
      this.release(staging);
    }
  }

  /**
   * After a loss: opens a fresh device and rebuilds what lived on the lost one from the last parameters held on the
   * host. Programs go on from the step of that snapshot.
   */
  async recover(): Promise<void> {
    if (this.options.device)
      throw new GpuError(
        'a borrowed device cannot be reopened from here: open another with openGpu({ device })',
      );
    if (this.#closed) throw new GpuError('this Gpu is closed: open another with openGpu()');
    this.#device.destroy();
    this.counts.bytes = 0;
    await this.open();
    for (const resident of this.residents) await resident.rebuild();
  }

  /** Ends the use of the device: one that we opened is destroyed, a borrowed one stays as it is. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.options.device) this.#device.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/**
 * Opens the best adapter there is: hardware, then lavapipe, then SwiftShader.
 * @throws NoAdapterError when there is none, with what would give one.
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const gpu = new Gpu(options);
  await gpu.open();
  return gpu;
}

/** All that the adapter has which the engine can use: its largest limits, and the optional features. */
function everything(adapter: GPUAdapter): GPUDeviceDescriptor {
  const features = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
  const limits = [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
  ] as const;
  return {
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  };
}

function borrowedReport(device: GPUDevice): AdapterReport {
  const info = device.adapterInfo;
  return {
    kind: info?.isFallbackAdapter ? 'swiftshader' : 'hardware',
    name: info?.description || info?.device || 'borrowed device',
    driver: info?.vendor ?? '',
    source: 'borrowed device',
    chosen: true,
    why: 'it was given to openGpu',
    limits: {},
    features: [...device.features],
  };
}
