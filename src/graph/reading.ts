/** A ring of staging buffers, through which programs read their outputs without waiting for one another. */

import type { Gpu } from '../gpu/gpu.ts';
import type { Operand } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';

export interface Slot {
  /** Appends a copy of an output, which lies in this buffer. */
  copy(encoder: GPUCommandEncoder, name: string, from: GPUBuffer): void;
  /** Waits for the copies and gives the values; the slot is free afterwards. */
  read(names: readonly string[]): Promise<Record<string, Float32Array>>;
}

export interface Ring {
  /** The next slot, as soon as it is free. */
  take(): Promise<Slot>;
  dispose(): void;
}

/** Where each output lies in a slot, in bytes. */
export function readingLayout(outputs: Readonly<Record<string, Operand>>) {
  const offsets = new Map<string, { at: number; size: number }>();
  let total = 0;
  for (const [name, { shape }] of Object.entries(outputs)) {
    const size = 4 * sizeOf(shape);
    offsets.set(name, { at: total, size });
    total += Math.ceil(size / 16) * 16;
  }
  return { offsets, total };
}

/** A ring of `count` slots, each large enough for all outputs. */
export function readingRing(
  gpu: Gpu,
  outputs: Readonly<Record<string, Operand>>,
  count: number,
): Ring {
  const { offsets, total } = readingLayout(outputs);
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const buffers = Array.from({ length: total ? count : 0 }, (_, i) =>
    gpu.buffer(`reading ${i}`, total, usage),
  );
  const free: Promise<unknown>[] = buffers.map(() => Promise.resolve());
  let next = 0;

  return {
    async take() {
      const i = next;
      next = (next + 1) % count;
      await free[i];
      const buffer = buffers[i]!;
      return {
        copy(encoder, name, from) {
          const { at, size } = offsets.get(name)!;
          encoder.copyBufferToBuffer(from, 4 * outputs[name]!.offset, buffer, at, size);
        },
        read(names) {
          const values = gpu.settled(buffer.mapAsync(GPUMapMode.READ)).then(() => {
            const mapped = buffer.getMappedRange();
            const read = names.map((name) => {
              const { at, size } = offsets.get(name)!;
              return [name, new Float32Array(mapped.slice(at, at + size))];
            });
            buffer.unmap();
            return Object.fromEntries(read);
          });
          free[i] = values.catch(() => {});
          return values;
        },
      };
    },
    dispose() {
      for (const buffer of buffers) gpu.release(buffer);
    },
  };
}
