/**
 * Times of compute passes by the GPU's own clock. One query set serves them all: some drivers have
 * room for few sets.
 */

import type { Gpu } from './gpu.ts';

export interface Timestamps {
  /** Passes that can be timed between two reads. */
  readonly capacity: number;
  /** What the descriptor of the pass number `index` needs; a time that is left out is read as anything. */
  writes(index: number, times?: 'both' | 'begin'): GPUComputePassTimestampWrites;
  /** Appends what brings the times of the first `count` passes to where {@link read} finds them. */
  resolve(encoder: GPUCommandEncoder, count: number): void;
  /**
   * Waits for the resolved times: begin and end of each pass in turn, in nanoseconds of the GPU's
   * clock. Its origin is the driver's own.
   */
  read(count: number): Promise<BigInt64Array>;
  dispose(): void;
}

/** Timestamps in a set, at most: WebGPU's limit. */
const MOST = 4096;

/**
 * Room for the times of `capacity` passes, 2048 at most.
 * @returns undefined where the device has no `timestamp-query`
 */
export function timestampsOf(gpu: Gpu, capacity: number): Timestamps | undefined {
  const { device } = gpu;
  if (!device.features.has('timestamp-query')) return undefined;
  if (2 * capacity > MOST)
    throw new Error(`timestamps: ${capacity} passes are too many for one set, take ${MOST / 2}`);
  const size = 16 * capacity;
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 * capacity });
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const resolved = gpu.buffer('timestamps', size, QUERY_RESOLVE | COPY_SRC);
  const staging = gpu.buffer('copy of timestamps', size, COPY_DST | MAP_READ);
  return {
    capacity,
    writes: (index, times = 'both') => ({
      querySet,
      beginningOfPassWriteIndex: 2 * index,
      ...(times === 'both' && { endOfPassWriteIndex: 2 * index + 1 }),
    }),
    resolve(encoder, count) {
      encoder.resolveQuerySet(querySet, 0, 2 * count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16 * count);
    },
    async read(count) {
      await gpu.settled(staging.mapAsync(GPUMapMode.READ, 0, 16 * count));
      const times = new BigInt64Array(staging.getMappedRange(0, 16 * count).slice(0));
      staging.unmap();
      return times;
    },
    dispose() {
      querySet.destroy();
      gpu.release(resolved);
      gpu.release(staging);
    },
  };
}
