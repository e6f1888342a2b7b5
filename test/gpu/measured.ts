/** Watches a device from outside: what is really created on it, and what of that still lives. */

export interface Measured {
  /** Calls by name of the method of the device or its queue. */
  readonly calls: Record<string, number>;
  /** Buffers that have been created and not destroyed. */
  readonly live: Set<GPUBuffer>;
  /** Bytes of those. */
  bytes(): number;
}

const WATCHED = ['createBindGroup', 'createComputePipelineAsync', 'createComputePipeline'] as const;

export function measure(device: GPUDevice): Measured {
  const calls: Record<string, number> = { submit: 0, createBuffer: 0 };
  const live = new Set<GPUBuffer>();
  for (const name of WATCHED) {
    calls[name] = 0;
    const original = device[name] as (descriptor: never) => unknown;
    const counting = (descriptor: never) => {
      calls[name]!++;
      return original.call(device, descriptor);
    };
    Object.assign(device, { [name]: counting });
  }
  const { createBuffer } = device;
  device.createBuffer = (descriptor) => {
    calls.createBuffer!++;
    const buffer = createBuffer.call(device, descriptor);
    live.add(buffer);
    const { destroy } = buffer;
    buffer.destroy = () => {
      live.delete(buffer);
      return destroy.call(buffer);
    };
    return buffer;
  };
  const { queue } = device;
  const { submit } = queue;
  queue.submit = (buffers) => {
    calls.submit!++;
    return submit.call(queue, buffers);
  };
  return { calls, live, bytes: () => [...live].reduce((sum, { size }) => sum + size, 0) };
}
