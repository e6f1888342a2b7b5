/** The kernels that measure what a device can do at most, as ops of the graph. */

import nothingWgsl from '../../shaders/roof_dispatch.wgsl';
import fmaWgsl from '../../shaders/roof_fma.wgsl';
import fma16Wgsl from '../../shaders/roof_fma_f16.wgsl';
import streamWgsl from '../../shaders/roof_stream.wgsl';
import { call1, op, type Tensor } from '../../src/graph/trace.ts';
import { kernel } from '../../src/kernels/kernel.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';

export const streams = { copy: 0, scale: 1, triad: 2 } as const;

export interface StreamForm {
  readonly op: keyof typeof streams;
  /** Threads a group, and quads that each of them moves. */
  readonly width: number;
  readonly steps: number;
  /** Four quads at a time, written out by hand. */
  readonly four: boolean;
}

const streamKernel = kernel<'x' | 'z', 'y', StreamForm>(streamWgsl, {
  reads: ['x', 'z'],
  writes: ['y'],
  overrides: (_, { op, width, four }) => ({ OP: streams[op], WIDTH: width, FOUR: Number(four) }),
  params: ({ x }, { steps }) => ({ quads: sizeOf(x.shape) / 4, steps, a: 1.5 }),
  groups: ({ x }, { width, steps }) => Math.ceil(sizeOf(x.shape) / 4 / width / steps),
  cost: ({ x }, { op }) => ({ bytes: (op === 'triad' ? 12 : 8) * sizeOf(x.shape), flops: 0 }),
});

/** The name of its op. */
export const STREAM = 'roof of memory';

const streamOp = op<StreamForm>(STREAM, {
  shape: ([x]) => [x!],
  lower: ({ inputs: [x, z], outputs: [y], run }, form) =>
    run(streamKernel, { x: x!, z: z!, y: y! }, form),
});

/** y = x, 1.5 x or x + 1.5 z, in one of the forms. */
export const stream = (x: Tensor, z: Tensor, form: StreamForm): Tensor =>
  call1(streamOp, [x, form.op === 'triad' ? z : x], form);

export interface FmaForm {
  readonly dtype: 'f32' | 'f16';
  readonly width: number;
  /** Quads that a thread keeps: 2, 4 or 8. */
  readonly chains: number;
  readonly threads: number;
  readonly steps: number;
}

const fmaSpec = {
  reads: [],
  writes: ['y'] as const,
  overrides: (_: unknown, { width, chains }: FmaForm) => ({ WIDTH: width, CHAINS: chains }),
  params: (_: unknown, { threads, steps }: FmaForm) => ({ count: threads, steps, a: 0.5, b: 1 }),
  groups: (_: unknown, { threads, width }: FmaForm) => Math.ceil(threads / width),
  cost: (_: unknown, { threads, steps, chains }: FmaForm) => ({
    bytes: 0,
    flops: 2 * 4 * chains * steps * threads,
  }),
};
const fmaKernels = {
  f32: kernel<never, 'y', FmaForm>(fmaWgsl, fmaSpec),
  f16: kernel<never, 'y', FmaForm>(fma16Wgsl, fmaSpec),
};

const fmaOp = op<FmaForm>('roof of arithmetic', {
  shape: (_, { threads }) => [[threads]],
  lower: ({ outputs: [y], run }, form) => run(fmaKernels[form.dtype], { y: y! }, form),
});

/** What each of the threads has at the end of its chains. */
export const fmaChains = (form: FmaForm): Tensor => call1(fmaOp, [], form);

const nothingKernel = kernel<never, 'y'>(nothingWgsl, {
  reads: [],
  writes: ['y'],
  params: () => ({ value: 1 }),
  groups: () => 1,
  cost: () => ({ bytes: 4, flops: 0 }),
});

const nothingOp = op('roof of dispatches', {
  shape: () => [[1]],
  lower: ({ outputs: [y], run }) => run(nothingKernel, { y: y! }, undefined),
});

/** One number, stored by one thread. */
export const nothing = (): Tensor => call1(nothingOp, [], undefined);
