/**
 * Pooling over images [n, h, w, c]: the largest value or the mean of windows, which threads read one
 * by one or along rows.
 */

import singleTaps from '../../shaders/lib/single_taps.wgsl';
import poolWgsl from '../../shaders/pool.wgsl';
import poolBackwardWgsl from '../../shaders/pool_backward.wgsl';
import poolBackwardSlideWgsl from '../../shaders/pool_backward_slide.wgsl';
import poolSlideWgsl from '../../shaders/pool_slide.wgsl';
import poolTapsWgsl from '../../shaders/pool_taps.wgsl';
import poolTapsSlideWgsl from '../../shaders/pool_taps_slide.wgsl';
import type { Editions } from '../gpu/shader.ts';
import { singles } from './chain.ts';
import { kernel, kernelLike, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { columnThreads } from './walk.ts';
import type { Window } from './window.ts';

/** What is pooled, and how. */
export interface Pooling {
  readonly window: Window;
  /** The largest values, else means. */
  readonly max: boolean;
  /** Means count taps outside of the image as zeros, else not at all. */
  readonly countPadding: boolean;
}

/** Taps of a window that a byte can count. */
const BYTES = 256;
const tapsIn = ({ kernel: [kh, kw] }: Window) => kh * kw;

/** Channels that a thread takes at once. */
const lanesOf = ({ window, max }: Pooling, channels: number): 1 | 4 =>
  channels % 4 === 0 && !(max && tapsIn(window) > BYTES) ? 4 : 1;

/** The taps of a maximum [n, h, w, words]: four channels are packed into each word, where they can be. */
export const tapsShape = (pooling: Pooling, y: Shape): Shape => [
  ...y.slice(0, -1),
  y.at(-1)! / lanesOf(pooling, y.at(-1)!),
];

/** Rows of results that a thread makes at once where it walks along them. */
interface Rows {
  readonly rows: number;
}

type Operands = Readonly<Record<string, Operand>>;
type Attributes = Pooling & Partial<Rows>;

/** What all kernels of the family say; `image` and `places` name what has pixels and windows. */
const shared = (image: string, places: string) => ({
  editions: (t: Operands, a: Attributes): Editions =>
    lanesOf(a, channelsOf(t[image]!)) === 4 ? {} : { ...singles, 'lib/taps.wgsl': singleTaps },
  constants: (_: Operands, { window, rows }: Attributes) => ({
    ...constantsOf(window),
    ...(rows && { ROWS: `${rows}u` }),
  }),
  overrides: (_: Operands, { max, countPadding, rows }: Attributes, target: Target) => ({
    WIDTH: rows ? columnThreads(target, 64) : 64,
    MAX: Number(max),
    COUNT_PADDING: Number(countPadding),
  }),
  params: (t: Operands, a: Attributes) => {
    const [images, h, w, channels] = t[image]!.shape as [number, number, number, number];
    const [oh, ow] = t[places]!.shape.slice(1) as [number, number];
    const columns = channels / lanesOf(a, channels);
    return { images, h, w, columns, oh, ow, neutral: a.max ? -Infinity : 0 };
  },
});

const channelsOf = ({ shape }: Operand) => shape[3]!;

const constantsOf = ({ kernel, stride, dilation, padding }: Window) => {
  const [KH, KW] = kernel;
  const [SY, SX] = stride;
  const [DY, DX] = dilation;
  const [TOP, , LEFT] = padding;
  const numbers = { KH, KW, SY, SX, DY, DX, TOP, LEFT };
  return Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, `${n}u`]));
};

/** Workgroups where each thread makes one T of `t`, or of so many rows of it. */
function groupsOf(t: Operand, a: Attributes, target: Target): number {
  const [images, h, w, channels] = t.shape as [number, number, number, number];
  const columns = channels / lanesOf(a, channels);
  if (!a.rows) return Math.ceil((images * h * w * columns) / 64);
  return Math.ceil((images * Math.ceil(h / a.rows) * columns) / columnThreads(target, 64));
}

const bytesOf = (...operands: Operand[]) =>
  4 * operands.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** y [n, oh, ow, c] of x [n, h, w, c]. */
const pool = /* @__PURE__ */ kernel<'x', 'y', Attributes>(poolWgsl, {
  .../* @__PURE__ */ shared('x', 'y'),
  reads: ['x'],
  writes: ['y'],
  groups: ({ y }, a, target) => groupsOf(y, a, target),
  cost: ({ x, y }, { window }) => ({
    bytes: bytesOf(x, y),
    flops: tapsIn(window) * sizeOf(y.shape),
  }),
  cut: () => ['x', 'y'],
});

/** The largest values, and the taps that they are from. */
const poolTaps = /* @__PURE__ */ kernel<'x', 'y' | 'taps', Attributes>(poolTapsWgsl, {
  .../* @__PURE__ */ shared('x', 'y'),
  reads: ['x'],
  writes: ['y', 'taps'],
  groups: ({ y }, a, target) => groupsOf(y, a, target),
  cost: ({ x, y, taps }, { window }) => ({
    bytes: bytesOf(x, y, taps),
    flops: tapsIn(window) * sizeOf(y.shape),
  }),
  cut: () => ['x', 'y', 'taps'],
});

/** dx of dy; `taps` is read for maxima only. */
const poolBackward = /* @__PURE__ */ kernel<'dy' | 'taps', 'dx', Attributes>(poolBackwardWgsl, {
  .../* @__PURE__ */ shared('dx', 'dy'),
  reads: ['dy', 'taps'],
  writes: ['dx'],
  groups: ({ dx }, a, target) => groupsOf(dx, a, target),
  cost: ({ dy, taps, dx }, { window, max }) => ({
    bytes: max ? bytesOf(dy, taps, dx) : bytesOf(dy, dx),
    flops: tapsIn(window) * sizeOf(dy.shape),
  }),
  cut: () => ['dy', 'taps', 'dx'],
});

const sliding = {
  pool: /* @__PURE__ */ kernelLike(poolSlideWgsl, pool, {}),
  taps: /* @__PURE__ */ kernelLike(poolTapsSlideWgsl, poolTaps, {}),
  backward: /* @__PURE__ */ kernelLike(poolBackwardSlideWgsl, poolBackward, {}),
};

/** The kernels by the rows that a thread makes; 0 where it makes one T. */
export const poolKernels = ({ rows }: Rows) =>
  rows ? sliding : { pool, taps: poolTaps, backward: poolBackward };

/** Registers, in Ts, that a thread may hold to walk along rows. */
const MOST_HELD = 16;

const variants = {
  window: { rows: 0 },
  slide1: { rows: 1 },
  slide2: { rows: 2 },
  slide4: { rows: 4 },
} as const;
type Name = keyof typeof variants;
type PoolTunable = Tunable<Name, Rows>;

const fits: PoolTunable['fits'] = (name, _, [, , , , , kw, , , dy, dx]) => {
  const { rows } = variants[name];
  return rows === 0 || (dy === 1 && dx === 1 && rows * kw! <= MOST_HELD);
};

/** The first of some variants that fits. */
const firstOf = (order: readonly Name[], target: Target, shape: Shape): Name =>
  order.find((name) => fits(name, target, shape)) ?? 'window';

/**
 * How windows are pooled, by {@link poolShape}: a thread for each result, or threads that walk along
 * rows and keep what windows share.
 */
export const poolTunable: PoolTunable = {
  family: 'pool',
  variants,
  fits,
  usual(target, shape) {
    if (target.kind === 'hardware') return 'window';
    const [kh, sy] = [shape[4]!, shape[6]!];
    return firstOf(kh > sy ? ['slide2', 'slide1'] : ['slide1'], target, shape);
  },
};

/** The same for the backward pass, where a thread makes rows of dx. */
export const poolBackwardTunable: PoolTunable = {
  family: 'poolBackward',
  variants,
  fits,
  usual(target, shape) {
    if (target.kind === 'hardware') return 'window';
    return firstOf(['slide2', 'slide1'], target, shape);
  },
};

/** [n, h, w, c, taps down, across, stride down, across, dilation down, across] */
export const poolShape = (image: Operand, { kernel, stride, dilation }: Window): Shape => [
  ...image.shape,
  ...kernel,
  ...stride,
  ...dilation,
];
