/**
 * Convolution 3x3 by Winograd's F(2x2, 3x3): 16 products of matrices for four pixels each, instead of 36 (Lavin and Gray 2016).
 * Images and weights are transformed before them, and the results after.
 */

import inputWgsl from '../../shaders/winograd_input.wgsl';
import outputWgsl from '../../shaders/winograd_output.wgsl';
import tapsWgsl from '../../shaders/winograd_taps.wgsl';
import {
  type Stage,
  singles,
  stageBytes,
  stageEditions,
  stageOverrides,
  stageParams,
} from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import { columnThreads, lanesOf } from './walk.ts';

/** Products that stand for one tile of two pixels by two. */
export const WINOGRAD_PRODUCTS = 16;
const WIDTH = 64;

/** The first two sizes of an image are its pixels. */
type Pixels = readonly [height: number, width: number];

export interface Tiling {
  readonly images: number;
  /** Pixels of x and of y. */
  readonly from: Pixels;
  readonly to: Pixels;
  /** Above and to the left of x; negative where a gradient leaves pixels out. */
  readonly padding: readonly [top: number, left: number];
}

const tilesOf = ({ to }: Tiling) => [Math.ceil(to[0] / 2), Math.ceil(to[1] / 2)] as const;
export const tileCount = (tiling: Tiling): number => tiling.images * sizeOf(tilesOf(tiling));

const channelsOf = (t: Operand) => t.shape.at(-1)! / lanesOf(t);
const editions = (t: Operand) => (lanesOf(t) === 4 ? {} : singles);

function paramsOf(tiling: Tiling, t: Operand) {
  const { images, from, to, padding } = tiling;
  const [tiles_y, tiles_x] = tilesOf(tiling);
  return {
    images,
    h: from[0],
    w: from[1],
    oh: to[0],
    ow: to[1],
    channels: channelsOf(t),
    tiles_y,
    tiles_x,
    top: padding[0],
    left: padding[1],
    first: 0,
  };
}

const rowGroups = (tiling: Tiling, t: Operand, target: Target) =>
  Math.ceil((tiling.images * tilesOf(tiling)[0] * channelsOf(t)) / columnThreads(target, WIDTH));

/** v [16, tiles, channels] of x [n, h, w, channels]. */
export const winogradInput = /* @__PURE__ */ kernel<'x', 'v', Tiling>(inputWgsl, {
  reads: ['x'],
  writes: ['v'],
  editions: ({ x }) => editions(x),
  overrides: (_t, _a, target) => ({ WIDTH: columnThreads(target, WIDTH) }),
  params: ({ x }, tiling) => ({ ...paramsOf(tiling, x), ...stageParams([], 4) }),
  groups: ({ x }, tiling, target) => rowGroups(tiling, x, target),
  cost: ({ x, v }) => ({
    bytes: 4 * (sizeOf(x.shape) + sizeOf(v.shape)),
    flops: 2 * sizeOf(v.shape),
  }),
});

/** u [16, rows, columns] of w [3, 3, rows, columns]. */
export const winogradTaps = /* @__PURE__ */ kernel<'w', 'u', { flip: boolean }>(tapsWgsl, {
  reads: ['w'],
  writes: ['u'],
  editions: ({ w }) => editions(w),
  overrides: (_, { flip }, target) => ({
    FLIP: Number(flip),
    WIDTH: columnThreads(target, WIDTH),
  }),
  params: ({ w }) => ({ count: sizeOf(w.shape.slice(2)) / lanesOf(w) }),
  groups: ({ w }, _, target) =>
    Math.ceil(sizeOf(w.shape.slice(2)) / lanesOf(w) / columnThreads(target, WIDTH)),
  cost: ({ w, u }) => ({
    bytes: 4 * (sizeOf(w.shape) + sizeOf(u.shape)),
    flops: 4 * sizeOf(u.shape),
  }),
});

const extra = ['e0', 'e1', 'e2', 'e3'] as const;
type In = 'm' | (typeof extra)[number];

/** y [n, oh, ow, channels] of m [16, tiles, channels], with up to four stages on each result. */
export const winogradOutput = /* @__PURE__ */ kernel<
  In,
  'y',
  Tiling & { readonly stages: readonly Stage[] }
>(outputWgsl, {
  reads: ['m', ...extra],
  writes: ['y'],
  editions: ({ y }, { stages }) => ({ ...editions(y), ...stageEditions(stages) }),
  overrides: (_, { stages }, target) => ({
    ...stageOverrides(stages),
    WIDTH: columnThreads(target, WIDTH),
  }),
  params: ({ y }, { stages, ...tiling }) => ({
    ...paramsOf(tiling, y),
    ...stageParams(stages, extra.length),
  }),
  groups: ({ y }, tiling, target) => rowGroups(tiling, y, target),
  cost: ({ m, y }, { stages }) => ({
    bytes: 4 * (sizeOf(m.shape) + sizeOf(y.shape)) + stageBytes(stages),
    flops: 1.5 * sizeOf(m.shape),
  }),
});

/** Channels below which transforming costs more than it saves, as measured on lavapipe. */
const LEAST_CHANNELS = 128;

/** Whether tiles can compute a convolution, by the shape that its family is chosen by. */
export function hasTiles(shape: Shape, maxBinding: number): boolean {
  const [n, h, w, cin, cout, kh, kw, stride, dilation, groups] = shape as number[] as Ten;
  if (kh !== 3 || kw !== 3 || stride !== 1 || dilation !== 1 || groups !== 1) return false;
  // With padding of up to 2, y has two rows and columns more than x.
  const tiles = n * Math.ceil((h + 2) / 2) * Math.ceil((w + 2) / 2);
  return 4 * WINOGRAD_PRODUCTS * tiles * Math.max(cin, cout) <= maxBinding;
}
type Ten = [number, number, number, number, number, number, number, number, number, number];

/** Whether they are faster. */
export const tilesPay = ([, , , cin, cout]: Shape): boolean =>
  Math.min(cin!, cout!) >= LEAST_CHANNELS;
