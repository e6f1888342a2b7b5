/** The buffers that are allocated on a device. */

import { bytes, GpuError, LimitError, OutOfMemoryError } from './faults.ts';
import { scoped } from './scopes.ts';

/** What programs and stores have created on a device since it was opened; pipelines warm up apart. `bytes` is what is allocated now. */
export interface Counts {
  buffers: number;
  bindGroups: number;
  pipelines: number;
  submits: number;
  bytes: number;
}

export class Buffers {
  readonly #counts: Counts;
  /** Oldest first. */
  readonly #live = new Set<GPUBuffer>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  create(device: GPUDevice, label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const { maxBufferSize } = device.limits;
    if (size > maxBufferSize)
      throw new LimitError(
        `${label} in one buffer`,
        size,
        maxBufferSize,
        'use a smaller batch, more micro-batches or a narrower model',
      );
    const buffer = device.createBuffer({ label, size, usage });
    this.#live.add(buffer);
    this.#counts.buffers++;
    this.#counts.bytes += size;
    return buffer;
  }

  /** Gives a buffer back, if it has not been given back or forgotten already. */
  release(buffer: GPUBuffer): void {
    if (!this.#live.delete(buffer)) return;
    this.#counts.bytes -= buffer.size;
    buffer.destroy();
  }

  releaseAll(): void {
    for (const buffer of [...this.#live]) this.release(buffer);
  }

  /** They have gone with their device. */
  forget(): void {
    this.#live.clear();
    this.#counts.bytes = 0;
  }

  /** Runs `make`, which creates buffers; gives them back whatever goes wrong. */
  async allocate<T>(
    device: GPUDevice,
    what: string,
    make: () => T,
    settled: <U>(work: Promise<U>) => Promise<U>,
  ): Promise<T> {
    const [count, before] = [this.#live.size, this.#counts.bytes];
    const { result, errors } = scoped(device, make);
    const created = [...this.#live].slice(count);
    const size = bytes(this.#counts.bytes - before);
    try {
      const [full, invalid] = await settled(errors);
      if (full)
        throw new OutOfMemoryError(
          `${what}: the device has no room for ${size} more (${bytes(before)} in use): use a smaller batch, more micro-batches or a narrower model`,
        );
      if (invalid) throw new GpuError(`${what}: the GPU rejected a command: ${invalid.message}`);
      return result();
    } catch (error) {
      for (const buffer of created) this.release(buffer);
      throw error;
    }
  }
}
