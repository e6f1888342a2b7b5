/**
 * Pooling over images [n, h, w, c]: the largest value or the mean of windows, which threads read one
 * by one or along rows.
 */

import singleTaps from '../../shaders/lib/single_taps.wgsl';
import poolWgsl from '../../shaders/pool.wgsl';
import poolBackwardWgsl from '../../shaders/pool_backward.wgsl';
import poolBackwardApartWgsl from '../../shaders/pool_backward_apart.wgsl';
import poolBackwardSlideWgsl from '../../shaders/pool_backward_slide.wgsl';
import poolSlideWgsl from '../../shaders/pool_slide.wgsl';
import poolTapsWgsl from '../../shaders/pool_taps.wgsl';
import poolTapsSlideWgsl from '../../shaders/pool_taps_slide.wgsl';
import type { Editions } from '../gpu/shader.ts';
import { singles } from './chain.ts';
import { kernelLike, kernelWith, type Target } from './kernel.ts';
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
const shared = (image: string, places: string, made: string) => ({
  editions: (t: Operands, a: Attributes): Editions =>
    lanesOf(a, channelsOf(t[image]!)) === 4 ? {} : { ...singles, 'lib/taps.wgsl': singleTaps },
  constants: (_: Operands, { window, rows }: Attributes) => ({
    ...constantsOf(window),
    ...(rows && { ROWS: `${rows}u` }),
  }),
  overrides: (t: Operands, { window, max, countPadding, rows }: Attributes, target: Target) => ({
    WIDTH: columnThreads(target, 64),
    MAX: Number(max),
    COUNT_PADDING: Number(countPadding),
    // Threads of several rows may read below the last window.
    PADDED: Number(
      window.padding.some((n) => n > 0) || (rows ? t[places]!.shape[1]! % rows > 0 : false),
    ),
  }),
  params: (t: Operands, a: Attributes, target: Target) => {
    const [images, h, w, channels] = t[image]!.shape as [number, number, number, number];
    const [oh, ow] = t[places]!.shape.slice(1) as [number, number];
    const columns = channels / lanesOf(a, channels);
    const { tiles, steps } = walkOf(lengthOf(t[made]!, a), target);
    return { images, h, w, columns, oh, ow, tiles, steps, neutral: a.max ? -Infinity : 0 };
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

/** Ts of a row. */
const lengthOf = ({ shape }: Operand, a: Attributes) =>
  (shape[2]! * shape[3]!) / lanesOf(a, shape[3]!);

/** Workgroups that share a row of so many Ts, and the steps of a thread. */
function walkOf(length: number, target: Target) {
  const width = columnThreads(target, 64);
  const steps = target.kind === 'hardware' ? 1 : Math.ceil(length / width);
  return { steps, tiles: Math.ceil(length / width / steps) };
}

function groupsOf(t: Operand, a: Attributes, target: Target): number {
  const [images, h, , channels] = t.shape as [number, number, number, number];
  if (!a.rows) return images * h * walkOf(lengthOf(t, a), target).tiles;
  const columns = channels / lanesOf(a, channels);
  return Math.ceil((images * Math.ceil(h / a.rows) * columns) / columnThreads(target, 64));
}

const bytesOf = (...operands: Operand[]) =>
  4 * operands.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

/** y [n, oh, ow, c] of x [n, h, w, c]. */
export const pool = /* @__PURE__ */ kernelWith<'x', 'y', Attributes>(
  poolWgsl,
  /* @__PURE__ */ shared('x', 'y', 'y'),
  {
    reads: ['x'],
    writes: ['y'],
    groups: ({ y }, a, target) => groupsOf(y, a, target),
    cost: ({ x, y }, { window }) => ({
      bytes: bytesOf(x, y),
      flops: tapsIn(window) * sizeOf(y.shape),
    }),
    cut: () => ['x', 'y'],
  },
);

/** The largest values, and the taps that they are from. */
export const poolTaps = /* @__PURE__ */ kernelWith<'x', 'y' | 'taps', Attributes>(
  poolTapsWgsl,
  /* @__PURE__ */ shared('x', 'y', 'y'),
  {
    reads: ['x'],
    writes: ['y', 'taps'],
    groups: ({ y }, a, target) => groupsOf(y, a, target),
    cost: ({ x, y, taps }, { window }) => ({
      bytes: bytesOf(x, y, taps),
      flops: tapsIn(window) * sizeOf(y.shape),
    }),
    cut: () => ['x', 'y', 'taps'],
  },
);

/** dx of dy; `taps` is read for maxima only. */
export const poolBackward = /* @__PURE__ */ kernelWith<'dy' | 'taps', 'dx', Attributes>(
  poolBackwardWgsl,
  /* @__PURE__ */ shared('dx', 'dy', 'dx'),
  {
    reads: ['dy', 'taps'],
    writes: ['dx'],
    groups: ({ dx }, a, target) => groupsOf(dx, a, target),
    cost: ({ dy, taps, dx }, { window, max }) => ({
      bytes: max ? bytesOf(dy, taps, dx) : bytesOf(dy, dx),
      flops: tapsIn(window) * sizeOf(dy.shape),
    }),
    cut: () => ['dy', 'taps', 'dx'],
  },
);

/** The same for threads that make one or more rows, where those above make one T. */
export const poolSlide = /* @__PURE__ */ kernelLike(poolSlideWgsl, pool, {});
export const poolTapsSlide = /* @__PURE__ */ kernelLike(poolTapsSlideWgsl, poolTaps, {});
export const poolBackwardSlide = /* @__PURE__ */ kernelLike(
  poolBackwardSlideWgsl,
  poolBackward,
  {},
);

/** The windows that touch images [n, h, w, c] or would begin in them, as images of one pixel each. */
const windowsOf = (t: Operand, { window }: Attributes): Operand => {
  const [n, h, w, c] = t.shape as [number, number, number, number];
  const [down, across] = [h, w].map((size, i) =>
    Math.ceil((size + window.padding[2 * i]!) / window.stride[i]!),
  ) as [number, number];
  return { ...t, shape: [n, down, across, c] };
};

/** The same for windows that share no pixel: threads walk along rows of windows. */
export const poolBackwardApart = /* @__PURE__ */ kernelLike(poolBackwardApartWgsl, poolBackward, {
  params: (t, a, target) => ({
    ...poolBackward.spec.params!(t, a, target),
    ...walkOf(lengthOf(windowsOf(t.dx, a), a), target),
  }),
  groups: ({ dx }, a, target) => groupsOf(windowsOf(dx, a), a, target),
});

/** Registers, in Ts, that a thread may hold to walk along rows. */
const MOST_HELD = 16;

interface PoolVariant extends Rows {
  /** Whether gradients are of windows that share no pixel. */
  readonly apart?: boolean;
}
const variants: Readonly<Record<Name, PoolVariant>> = {
  window: { rows: 0 },
  apart: { rows: 0, apart: true },
  slide1: { rows: 1 },
  slide2: { rows: 2 },
  slide4: { rows: 4 },
};
type Name = 'window' | 'apart' | 'slide1' | 'slide2' | 'slide4';
type PoolTunable = Tunable<Name, PoolVariant>;

const fits: PoolTunable['fits'] = (name, _, [, , , , kh, kw, sy, sx, dy, dx]) => {
  const { rows, apart } = variants[name];
  if (apart) return dy === 1 && dx === 1 && kh! <= sy! && kw! <= sx!;
  return rows === 0 || (dy === 1 && dx === 1 && rows * kw! <= MOST_HELD);
};

/**
 * How windows are pooled, by {@link poolShape}: threads that make one result after another, of
 * gradients also all that are of one window, or that walk along one or more rows of results and keep
 * what windows share.
 */
export const poolTunable: PoolTunable = {
  family: 'pool',
  variants,
  fits,
  usual(target, shape) {
    const [kh, , sy] = shape.slice(4) as [number, number, number];
    const backward = shape.at(-1) === 1;
    if (target.kind === 'hardware' || (kh <= sy && !backward)) return 'window';
    if (fits('apart', target, shape)) return 'apart';
    return fits('slide2', target, shape) ? 'slide2' : 'window';
  },
};

/** [n, h, w, c, taps down, across, stride down, across, dilation down, across, 1 for the backward pass] */
export const poolShape = (
  image: Operand,
  { kernel, stride, dilation }: Window,
  backward = false,
): Shape => [...image.shape, ...kernel, ...stride, ...dilation, Number(backward)];
