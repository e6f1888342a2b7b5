/**
 * A ring of staging buffers, through which programs read their outputs without waiting for one
 * another.
 */

import type { Gpu } from '../gpu/gpu.ts';
import type { DType, Operand } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';

/** An output of a plan: where it lies, and what its elements are. */
export interface Output {
  readonly operand: Operand;
  readonly dtype: DType;
}
export type Outputs = Readonly<Record<string, Output>>;

export interface Slot {
  /** Appends a copy of an output, which lies in this buffer. */
  copy(encoder: GPUCommandEncoder, name: string, from: GPUBuffer): void;
  /**
   * Waits for the copies and gives the values; the slot is free afterwards. Integers become floats.
   */
  read(names: readonly string[]): Promise<Record<string, Float32Array>>;
}

export interface Ring {
  /** The next slot, as soon as it is free. */
  take(): Promise<Slot>;
  /** Resolves when no values are under way. */
  idle(): Promise<unknown>;
  dispose(): void;
}

/** Where each output lies in a slot, in bytes. */
export function readingLayout(outputs: Outputs) {
  const offsets = new Map<string, { at: number; size: number }>();
  let total = 0;
  for (const [name, { operand }] of Object.entries(outputs)) {
    const size = 4 * sizeOf(operand.shape);
    offsets.set(name, { at: total, size });
    total += 16 * Math.max(1, Math.ceil(size / 16));
  }
  return { offsets, total };
}

/** A ring of `count` slots, each large enough for all outputs. */
export function readingRing(gpu: Gpu, outputs: Outputs, count: number): Ring {
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
          const { offset } = outputs[name]!.operand;
          encoder.copyBufferToBuffer(from, 4 * offset, buffer, at, size);
        },
        read(names) {
          const values = gpu.settled(buffer.mapAsync(GPUMapMode.READ)).then(() => {
            const mapped = buffer.getMappedRange();
            const read = names.map((name) => {
              const { at, size } = offsets.get(name)!;
              const bits = mapped.slice(at, at + size);
              return [name, floats(bits, outputs[name]!.dtype)];
            });
            buffer.unmap();
            return Object.fromEntries(read);
          });
          free[i] = values.catch(() => {});
          return values;
        },
      };
    },
    idle: () => Promise.all(free),
    dispose() {
      for (const buffer of buffers) gpu.release(buffer);
    },
  };
}

const floats = (bits: ArrayBuffer, dtype: DType) =>
  dtype === 'f32' ? new Float32Array(bits) : Float32Array.from(new Uint32Array(bits));

/** The mean of each output over micro-batches; of late ones, what the last has made. */
export function meanOf(
  results: readonly Record<string, Float32Array>[],
  late: ReadonlySet<string>,
): Record<string, Float32Array> {
  const [first, ...others] = results;
  // Large outputs of one batch: to go through them would take longer than to copy them.
  if (others.length === 0) return first!;
  const mean = (name: string, values: Float32Array) =>
    values.map((v, i) => others.reduce((s, o) => s + o[name]![i]!, v) / results.length);
  return Object.fromEntries(
    Object.entries(first!).map(([name, values]) => [
      name,
      late.has(name) ? results.at(-1)![name]! : mean(name, values),
    ]),
  );
}
