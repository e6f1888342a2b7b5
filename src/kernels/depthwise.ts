/**
 * Depthwise convolution: each channel by itself, in several kernels from naive to best. The gradients with kernels of their own
 * are in `depthwise_gradients.ts`.
 */

import naive1 from '../../shaders/depthwise_1_naive.wgsl';
import ranges2 from '../../shaders/depthwise_2_ranges.wgsl';
import rows3 from '../../shaders/depthwise_3_rows.wgsl';
import strips3 from '../../shaders/depthwise_3_strips.wgsl';
import columns3x3 from '../../shaders/depthwise_4_columns_3x3.wgsl';
import columns5x5 from '../../shaders/depthwise_4_columns_5x5.wgsl';
import type { KernelFile } from '../gpu/shader.ts';
import {
  type Stage,
  singles,
  stageBytes,
  stageEditions,
  stageOverrides,
  stageParams,
} from './chain.ts';
import { type Kernel, kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { columnThreads, lanesOf } from './walk.ts';
import type { Window } from './window.ts';

export interface DepthwiseAttributes {
  /** Its padding may be negative where the call is a gradient. */
  readonly window: Window;
  /** Read the taps from the last to the first. */
  readonly flip: boolean;
  /** Up to four stages on each result before it is stored. */
  readonly stages: readonly Stage[];
  /** Index of the first value of y, when y is cut. */
  readonly first?: number;
}

const extra = ['e0', 'e1', 'e2', 'e3'] as const;
type In = 'x' | 'taps' | (typeof extra)[number];
export type DepthwiseKernel = Kernel<In, 'y', DepthwiseAttributes>;

/** How many stages a depthwise convolution can carry. */
export const maxDepthwiseStages = extra.length;

/** How the results of one channel are divided among threads. */
interface Division {
  /** Threads of a workgroup. */
  readonly width: (target: Target) => number;
  /** Workgroups of an image. */
  readonly groups: (t: Cut, target: Target) => number;
  /** Values of the WGSL `Params` and constants that describe it. */
  readonly params?: (t: Cut, target: Target) => Readonly<Record<string, number>>;
  readonly constants?: (t: Cut) => Readonly<Record<string, string>>;
}

/** What a division is made by. */
interface Cut {
  readonly window: Window;
  readonly images: number;
  /** Channels, in Ts. */
  readonly channels: number;
}

function depthwise(file: KernelFile, division: Division): DepthwiseKernel {
  const cutOf = ({ x }: { x: Operand }, { window }: DepthwiseAttributes): Cut => ({
    window,
    images: x.shape[0]!,
    channels: x.shape[3]! / lanesOf(x),
  });
  return kernel<In, 'y', DepthwiseAttributes>(file, {
    reads: ['x', 'taps', ...extra],
    writes: ['y'],
    editions: ({ x }, { stages }) => ({
      ...(lanesOf(x) === 4 ? {} : singles),
      ...stageEditions(stages),
    }),
    overrides: (_, { flip, stages }, target) => ({
      ...stageOverrides(stages),
      FLIP: Number(flip),
      WIDTH: division.width(target),
    }),
    constants: (t, a) => ({
      KH: `${a.window.kernel[0]}u`,
      KW: `${a.window.kernel[1]}u`,
      ...division.constants?.(cutOf(t, a)),
    }),
    params: (t, a, target) => ({
      ...windowParams(a.window),
      images: t.x.shape[0]!,
      channels: t.x.shape[3]! / lanesOf(t.x),
      ...(division.params?.(cutOf(t, a), target) ?? idle),
      first: a.first ?? 0,
      ...stageParams(a.stages, extra.length),
    }),
    groups: (t, a, target) => division.groups(cutOf(t, a), target),
    cost: ({ x, taps, y }, { window, stages }) => ({
      bytes: 4 * (sizeOf(x.shape) + sizeOf(taps.shape) + sizeOf(y.shape)) + stageBytes(stages),
      flops: 2 * sizeOf(window.kernel) * sizeOf(y.shape),
    }),
    // Bindings that no stage reads hold x.
    cut: (_, { stages }) => [
      'x',
      'y',
      ...extra.filter((_, i) =>
        ['none', 'full', 'column'].includes(stages[i]?.operand ? stages[i].kind : 'none'),
      ),
    ],
    piece: (a, first, { y }) => ({ ...a, first: first * sizeOf(y.shape.slice(1)) }),
  });
}

/** Values of the WGSL `Params` that say what a window is. */
export const windowParams = ({ image, places, stride, dilation, padding }: Window) => ({
  h: image[0],
  w: image[1],
  oh: places[0],
  ow: places[1],
  stride_y: stride[0],
  stride_x: stride[1],
  dilation_y: dilation[0],
  dilation_x: dilation[1],
  top: padding[0],
  left: padding[2],
});

/** Of kernels without strips. */
const idle = { blocks: 1, phases_y: 1, phases_x: 1, length: 1, strips: 1, spans: 1 };

/** A thread for each T of y. */
const byPixel = (lanes: (t: Cut) => number = () => 1): Division => ({
  width: (target) => columnThreads(target, 64),
  groups: (t, target) =>
    Math.ceil(
      (lanes(t) * t.images * t.channels * sizeOf(t.window.places)) / columnThreads(target, 64),
    ),
});

/** How rows and columns of results are divided into strips. */
interface Strips {
  /** Rows of a strip, at most. */
  readonly rows: number;
  /** Columns of a strip; whole rows where it is 0. */
  readonly columns: number;
}

/** Strips of the results of one image: blocks of rows, and strips of a block. */
function stripsOf({ places, dilation }: Window, { rows, columns }: Strips) {
  const phases_y = Math.min(dilation[0], places[0]);
  const phases_x = Math.min(dilation[1], places[1]);
  const high = Math.ceil(places[0] / dilation[0]);
  const wide = Math.ceil(places[1] / dilation[1]);
  const length = columns === 0 ? wide : Math.min(columns, wide);
  const own = rowsOfStrip(high, rows);
  return {
    rows: own,
    blocks: phases_y * Math.ceil(high / own),
    phases_y,
    phases_x,
    length,
    strips: phases_x * Math.ceil(wide / length),
    spans: columns === 0 ? phases_x : 1,
  };
}

/** As few strips as `most` rows allow, and those alike: 5 rows are 3 and 2, not 4 and 1. */
const rowsOfStrip = (high: number, most: number) => Math.ceil(high / Math.ceil(high / most));

/** A thread for each strip, or for all that lie in the same rows. */
const byStrips = (strips: Strips): Division => ({
  width: (target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { blocks, strips: all, spans } = stripsOf(window, strips);
    const threads = images * blocks * Math.ceil(all / spans) * channels;
    return Math.ceil(threads / columnThreads(target, 64));
  },
  params({ window }) {
    const { rows: _, ...params } = stripsOf(window, strips);
    return params;
  },
  constants: ({ window }) => ({
    SY: `${window.stride[0]}u`,
    SX: `${window.stride[1]}u`,
    ROWS: `${stripsOf(window, strips).rows}u`,
  }),
});

/** Columns of a strip of the kernel that goes along rows: as many as its sums have names. */
const ALONG = 16;

/** A thread for each strip of a row. */
const byRows: Division = {
  width: (target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { strips } = rowStrips(window);
    const threads = images * window.places[0] * strips * channels;
    return Math.ceil(threads / columnThreads(target, 64));
  },
  params: ({ window }) => ({ ...idle, ...rowStrips(window) }),
  constants: ({ window }) => ({ SX: `${window.stride[1]}u` }),
};

/** Strips of a row of one image. */
function rowStrips({ places, dilation }: Window) {
  const phases_x = Math.min(dilation[1], places[1]);
  return { phases_x, strips: phases_x * Math.ceil(Math.ceil(places[1] / dilation[1]) / ALONG) };
}

/** Whether that kernel computes a window. */
const hasRows = ([, , , , , , , sx, , dx]: readonly number[]): boolean => sx === 1 || dx === 1;

/** Columns of a strip of the kernels that walk down: as many as their sums have names. */
const COLUMNS = 4;

/** Strips of one image down which threads walk: phases of rows, and strips of columns. */
function columnsOf({ places, dilation }: Window) {
  const phases_y = Math.min(dilation[0], places[0]);
  const phases_x = Math.min(dilation[1], places[1]);
  const strips = phases_x * Math.ceil(Math.ceil(places[1] / dilation[1]) / COLUMNS);
  return { blocks: phases_y, phases_y, phases_x, strips };
}

/** A thread for each strip of columns. */
const byColumns: Division = {
  width: (target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { blocks, strips } = columnsOf(window);
    return Math.ceil((images * blocks * strips * channels) / columnThreads(target, 64));
  },
  params: ({ window }) => ({ ...idle, ...columnsOf(window) }),
};

/** Taps that fit the registers of a thread. */
const MOST_TAPS = 49;
/** Whether a kernel with strips computes a window: its phases need stride or dilation 1. */
export const hasStrips = ([, , , , kh, kw, sy, sx, dy, dx]: readonly number[]): boolean =>
  kh! * kw! <= MOST_TAPS && (sy === 1 || dy === 1) && (sx === 1 || dx === 1);

/** Taps along each axis of a window that kernels with named sums compute, or 0. */
const hasColumns = ([, , , , kh, kw, sy, sx]: readonly number[]): 0 | 3 | 5 =>
  kh === kw && sy === 1 && sx === 1 && (kh === 3 || kh === 5) ? kh : 0;

/** What a variant is chosen by: images [n, h, w, c], and the sizes, strides and dilations of windows. */
export const depthwiseShape = ({ shape }: Operand, window: Window): readonly number[] => [
  ...shape,
  ...window.kernel,
  ...window.stride,
  ...window.dilation,
];

/** All kernels of the family, in the order of the ladder. */
export const depthwiseVariants = {
  naive: /* @__PURE__ */ depthwise(naive1, byPixel()),
  ranges: /* @__PURE__ */ depthwise(ranges2, byPixel()),
  strips1x4: /* @__PURE__ */ depthwise(strips3, byStrips({ rows: 1, columns: 4 })),
  strips2: /* @__PURE__ */ depthwise(strips3, byStrips({ rows: 2, columns: 0 })),
  rows: /* @__PURE__ */ depthwise(rows3, byRows),
  columns3x3: /* @__PURE__ */ depthwise(columns3x3, byColumns),
  columns5x5: /* @__PURE__ */ depthwise(columns5x5, byColumns),
} as const;

export type DepthwiseVariant = keyof typeof depthwiseVariants;

const MANY_TAPS = 25;
const ROWS_FIRST: readonly DepthwiseVariant[] = ['rows', 'ranges'];
const STRIPS_FIRST: readonly DepthwiseVariant[] = ['strips2', 'ranges'];

/** The family, and its usual variants, as measured on lavapipe and SwiftShader. */
export const depthwiseTunable: Tunable<DepthwiseVariant, DepthwiseKernel> = {
  family: 'depthwise',
  variants: depthwiseVariants,
  fits(name, _, shape) {
    if (name === 'columns3x3') return hasColumns(shape) === 3;
    if (name === 'columns5x5') return hasColumns(shape) === 5;
    if (name === 'rows') return hasRows(shape);
    return !name.startsWith('strips') || hasStrips(shape);
  },
  usual(target, shape) {
    if (target.kind === 'hardware') return hasStrips(shape) ? 'strips1x4' : 'ranges';
    const [kh, kw] = shape.slice(4) as [number, number];
    // The sums and taps of strips are arrays, which compilers leave in memory where there are many.
    const order: readonly DepthwiseVariant[] = [
      'columns3x3',
      'columns5x5',
      ...(kh * kw > MANY_TAPS ? ROWS_FIRST : STRIPS_FIRST),
    ];
    return order.find((name) => depthwiseTunable.fits(name, target, shape))!;
  },
};
