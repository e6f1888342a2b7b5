/** Kernels that update whole slabs of parameters. Slabs are [size], a multiple of 64. */

import accumulateWgsl from '../../shaders/accumulate.wgsl';
import adamwWgsl from '../../shaders/adamw.wgsl';
import controlWgsl from '../../shaders/optimiser_control.wgsl';
import sgdWgsl from '../../shaders/sgd.wgsl';
import sumSquaresWgsl from '../../shaders/sum_squares.wgsl';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { lineWalk, sharedWalk, walkGroups, walkParams } from './walk.ts';

const quads = ({ shape }: Operand) => sizeOf(shape) / 4;
const slabWalk = (target: Target, slab: Operand) => lineWalk(target, quads(slab));
const normWalk = (target: Target, slab: Operand) => sharedWalk(target, quads(slab), NORM_THREADS);

/** Partial sums of squares that a piece of a slab gives. */
export const NORM_THREADS = 2048;

/** partial [NORM_THREADS] sums of the squares of x. */
export const sumSquares = /* @__PURE__ */ kernel<'x', 'partial', { accumulate: boolean }>(
  sumSquaresWgsl,
  {
    reads: ['x'],
    writes: ['partial'],
    overrides: ({ x }, { accumulate }, target) => ({
      ACCUMULATE: Number(accumulate),
      WIDTH: normWalk(target, x).width,
    }),
    params: ({ x }, _, target) => ({
      quads: quads(x),
      threads: NORM_THREADS,
      ...walkParams(normWalk(target, x)),
    }),
    groups: ({ x }, _, target) => NORM_THREADS / normWalk(target, x).width,
    cost: ({ x }) => ({ bytes: 4 * sizeOf(x.shape), flops: 2 * sizeOf(x.shape) }),
    cut: () => ['x'],
    piece: (_, first) => ({ accumulate: first > 0 }),
  },
);

/**
 * The norm, the clip and the bias corrections that all slabs share: control [3], corrections [2],
 * norm []; and, where there is an interval of growth, the scale of the loss, the good steps since it
 * changed and the steps that were skipped, each []. Without, these are bound and not touched.
 */
export const optimiserControl = /* @__PURE__ */ kernel<
  'partial',
  'control' | 'corrections' | 'norm' | 'scale' | 'good' | 'skipped',
  { limit: number; beta1: number; beta2: number; interval: number | undefined }
>(controlWgsl, {
  reads: ['partial'],
  writes: ['control', 'corrections', 'norm', 'scale', 'good', 'skipped'],
  overrides: (_, { interval }) => ({ SCALED: Number(interval !== undefined) }),
  params: ({ partial }, { limit, beta1, beta2, interval = 0 }) => ({
    count: sizeOf(partial.shape),
    limit,
    beta1,
    beta2,
    interval,
  }),
  groups: () => 1,
  cost: ({ partial }) => ({ bytes: 4 * sizeOf(partial.shape), flops: sizeOf(partial.shape) }),
});

export interface UpdateAttributes {
  /** Slots of the step: the rate, and the decay of the average. */
  readonly rate: number;
  readonly average: number;
  /** Whether e follows the parameters; else it is bound and not touched. */
  readonly averages: boolean;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decoupled: boolean;
  /** Block of 64 elements at which a piece starts. */
  readonly firstBlock: number;
}

const params = (p: Operand, a: UpdateAttributes, target: Target) => ({
  quads: quads(p),
  steps: slabWalk(target, p).steps,
  first_block: a.firstBlock,
  rate: a.rate,
  average: a.average,
  beta1: a.beta1,
  beta2: a.beta2,
  epsilon: a.epsilon,
});
const nextPiece = (a: UpdateAttributes, first: number) => ({ ...a, firstBlock: first / 64 });

/** One step of AdamW, or of Adam, on a slab p with gradients g and moments m, v. */
export const adamw = /* @__PURE__ */ kernel<
  'g' | 'control' | 'corrections' | 'settings',
  'p' | 'm' | 'v' | 'e',
  UpdateAttributes
>(adamwWgsl, {
  reads: ['g', 'control', 'corrections', 'settings'],
  writes: ['p', 'm', 'v', 'e'],
  overrides: ({ p }, { decoupled, averages }, target) => ({
    DECOUPLED: Number(decoupled),
    AVERAGE: Number(averages),
    WIDTH: slabWalk(target, p).width,
  }),
  params: ({ p }, a, target) => params(p, a, target),
  groups: ({ p }, _, target) => walkGroups(slabWalk(target, p), quads(p)),
  cost: ({ p }, { averages }) => ({
    bytes: (28 + (averages ? 8 : 0)) * sizeOf(p.shape),
    flops: 14 * sizeOf(p.shape),
  }),
  cut: (_, { averages }) => ['p', 'g', 'm', 'v', ...(averages ? (['e'] as const) : [])],
  piece: nextPiece,
});

/** One step of SGD with momentum `beta1` on a slab. */
export const sgd = /* @__PURE__ */ kernel<
  'g' | 'control' | 'settings',
  'p' | 'm' | 'e',
  UpdateAttributes
>(sgdWgsl, {
  reads: ['g', 'control', 'settings'],
  writes: ['p', 'm', 'e'],
  overrides: ({ p }, { averages }, target) => ({
    AVERAGE: Number(averages),
    WIDTH: slabWalk(target, p).width,
  }),
  params: ({ p }, a, target) => params(p, a, target),
  groups: ({ p }, _, target) => walkGroups(slabWalk(target, p), quads(p)),
  cost: ({ p }, { averages }) => ({
    bytes: (20 + (averages ? 8 : 0)) * sizeOf(p.shape),
    flops: 6 * sizeOf(p.shape),
  }),
  cut: (_, { averages }) => ['p', 'g', 'm', ...(averages ? (['e'] as const) : [])],
  piece: nextPiece,
});

/** y becomes the mean of x over micro-batches. */
export const accumulate = /* @__PURE__ */ kernel<'x', 'y', { keep: number; count: number }>(
  accumulateWgsl,
  {
    reads: ['x'],
    writes: ['y'],
    overrides: ({ x }, _, target) => ({ WIDTH: slabWalk(target, x).width }),
    params: ({ x }, { keep, count }, target) => ({
      quads: quads(x),
      steps: slabWalk(target, x).steps,
      keep,
      count,
    }),
    groups: ({ x }, _, target) => walkGroups(slabWalk(target, x), quads(x)),
    cost: ({ x }) => ({ bytes: 12 * sizeOf(x.shape), flops: 2 * sizeOf(x.shape) }),
    cut: () => ['x', 'y'],
  },
);
