/** From the device to the host, outside the rings of programs: also what a lost device leaves. */

import type { Gpu } from './gpu.ts';

/** Something that lives on the device and can be made again on a fresh one. */
export interface Resident {
  /** Makes its buffers again on the fresh device and fills them from what the host holds. */
  rebuild(): Promise<void>;
  /** Buffers whose contents the host must hold for that; `keep` takes them, in the same order. */
  hold(): { buffers: readonly GPUBuffer[]; keep(contents: readonly ArrayBuffer[]): void };
}

/**
 * Copies whole buffers to the host, as they all are at one moment: after what is submitted before
 * the call, and before what is submitted after it.
 */
export async function download(gpu: Gpu, buffers: readonly GPUBuffer[]): Promise<ArrayBuffer[]> {
  gpu.check();
  const copies = await gpu.allocate('reading back', () => {
    const encoder = gpu.device.createCommandEncoder();
    const staging = buffers.map((buffer) => {
      const { label, size } = buffer;
      const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
      const copy = gpu.buffer(`copy of ${label}`, size, usage);
      encoder.copyBufferToBuffer(buffer, 0, copy, 0, size);
      return copy;
    });
    gpu.submit(encoder);
    return staging;
  });
  try {
    await gpu.settled(Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ))));
    return copies.map((copy) => copy.getMappedRange().slice(0));
  } finally {
    for (const copy of copies) gpu.release(copy);
  }
}

/**
 * Takes what everything on the device needs to be made again: {@link Gpu.recover} goes back to this
 * moment.
 */
export async function hold(gpu: Gpu): Promise<void> {
  const holds = [...gpu.residents].map((resident) => resident.hold());
  const contents = await download(
    gpu,
    holds.flatMap(({ buffers }) => buffers),
  );
  for (const { buffers, keep } of holds) keep(contents.splice(0, buffers.length));
}
