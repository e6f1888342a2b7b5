/**
 * Depthwise convolution: each channel by itself, in several kernels from naive to best. The gradients with kernels of their own
 * are in `depthwise_gradients.ts`.
 */

import naive1 from '../../shaders/depthwise_1_naive.wgsl';
import ranges2 from '../../shaders/depthwise_2_ranges.wgsl';
import tile2 from '../../shaders/depthwise_2_tile.wgsl';
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
import {
  byColumns,
  byPixel,
  byRows,
  byStrips,
  byTiles,
  type Cut,
  type Division,
  hasColumns,
  hasRows,
  hasStrips,
  hasTile,
  idle,
} from './depthwise_divisions.ts';
import { type Kernel, kernel } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { lanesOf } from './walk.ts';
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
    overrides: (t, a, target) => ({
      ...stageOverrides(a.stages),
      FLIP: Number(a.flip),
      WIDTH: division.width(cutOf(t, a), target),
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
  tile: /* @__PURE__ */ depthwise(tile2, byTiles),
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
    if (name === 'tile') return hasTile(shape);
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
