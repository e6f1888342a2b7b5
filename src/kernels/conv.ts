/**
 * Convolution over NHWC, and the gradient of its input, which is a convolution too: a ladder from
 * naive to best, and a choice by shape and device.
 */

import naive1 from '../../shaders/conv_1_naive.wgsl';
import tile2 from '../../shaders/conv_2_tile.wgsl';
import registers3 from '../../shaders/conv_3_registers.wgsl';
import subgroup4on4 from '../../shaders/conv_4_subgroup_4.wgsl';
import subgroup4on8 from '../../shaders/conv_4_subgroup_8.wgsl';
import edges from '../../shaders/lib/conv_edges.wgsl';
import stem from '../../shaders/lib/conv_stem.wgsl';
import type { Editions, KernelFile } from '../gpu/shader.ts';
import {
  type Stage,
  singles,
  stageBytes,
  stageEditions,
  stageOverrides,
  stageParams,
} from './chain.ts';
import { type Gather, meetings } from './conv_gather.ts';
import { type Kernel, kernel } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import type { Window } from './window.ts';
import { hasTiles, tilesPay } from './winograd.ts';

export interface ConvAttributes {
  /** Which pixels are computed, and from which. */
  readonly gather: Gather;
  readonly groups: number;
  /** The run of a tap goes along the columns of w, not down its rows: so it is in the gradient. */
  readonly transpose: boolean;
  /** Up to four stages on each result before it is stored. */
  readonly stages: readonly Stage[];
  /** Index of the first value of y, when y is cut. */
  readonly first?: number;
}

const extra = ['e0', 'e1', 'e2', 'e3'] as const;
type In = 'x' | 'w' | (typeof extra)[number];
type Operands = Readonly<Record<In | 'y', Operand>>;
export type ConvKernel = Kernel<In, 'y', ConvAttributes>;

/** How many stages a convolution can carry. */
export const maxConvStages = extra.length;

const channelsOf = ({ shape }: Operand) => shape[3]!;
const isQuads = (size: number) => size % 4 === 0;

/** An edition of the libraries, and how many values its X and its T have. */
interface Edition {
  readonly xLanes: number;
  readonly lanes: number;
  readonly editions: Editions;
}
type EditionOf = (t: Operands, a: ConvAttributes) => Edition;

/** The edition for these channels. */
function editionOf({ x, y }: Operands, { groups, transpose }: ConvAttributes): Edition {
  const [inner, outer] = [channelsOf(x) / groups, channelsOf(y) / groups];
  if (isQuads(inner) && isQuads(outer)) return { xLanes: 4, lanes: 4, editions: {} };
  if (isQuads(outer) && !transpose)
    return { xLanes: 1, lanes: 4, editions: { 'lib/conv_block.wgsl': stem } };
  return {
    xLanes: 1,
    lanes: 1,
    editions: { ...singles, 'lib/conv_block.wgsl': edges },
  };
}

const singleEdition: Edition = { xLanes: 1, lanes: 1, editions: singles };

/** Taps of a row that follow one another in x and in w are one run. */
const isJoined = ({ tap, wStep }: Gather, { groups, transpose }: ConvAttributes) =>
  groups === 1 && !transpose && tap[1] === 1 && wStep[1] === 1;

function paramsOf(t: Operands, a: ConvAttributes, { xLanes, lanes }: Edition) {
  const { gather, groups, transpose, stages } = a;
  const { places, stride, first, tap, taps, wFirst, wStep, yStep, yFirst } = gather;
  const [images, height, width, channels] = t.x.shape as [number, number, number, number];
  const [, kernelX, rows, row] = t.w.shape as [number, number, number, number];
  const inner = channels / groups;
  const joined = isJoined(gather, a);
  const tapSize = (rows * row) / lanes;
  return {
    images,
    places_y: places[0],
    places_x: places[1],
    stride_y: stride[0],
    stride_x: stride[1],
    first_y: first[0],
    first_x: first[1],
    taps_y: taps[0],
    taps_x: joined ? 1 : taps[1],
    tap_y: tap[0],
    tap_x: tap[1],
    run: (inner * (joined ? taps[1] : 1)) / xLanes,
    x_height: height,
    x_row: (width * channels) / xLanes,
    x_pixel: channels / xLanes,
    x_group: inner / xLanes,
    w_first: (wFirst[0] * kernelX + wFirst[1]) * tapSize,
    w_tap_y: wStep[0] * kernelX * tapSize,
    w_tap_x: wStep[1] * tapSize,
    w_row: row / lanes,
    w_group: (transpose ? inner : row / groups) / lanes,
    columns: channelsOf(t.y) / groups,
    y_height: t.y.shape[1]!,
    y_width: t.y.shape[2]!,
    y_pixel: channelsOf(t.y) / lanes,
    y_step_y: yStep[0],
    y_step_x: yStep[1],
    y_first_y: yFirst[0],
    y_first_x: yFirst[1],
    first: a.first ?? 0,
    ...stageParams(stages, maxConvStages),
  };
}

/** Places and channels of y that one workgroup computes. */
type Group = readonly [places: number, columns: number];

/** A kernel of the family: x, w [kh, kw, rows, columns] and y as {@link ConvAttributes} say. */
const variant = (file: KernelFile, group: Group, edition: EditionOf = editionOf): ConvKernel =>
  kernel<In, 'y', ConvAttributes>(file, {
    reads: ['x', 'w', ...extra],
    writes: ['y'],
    editions: (t, a): Editions => ({ ...edition(t, a).editions, ...stageEditions(a.stages) }),
    overrides: (_, { stages, transpose }) => ({
      ...stageOverrides(stages),
      TRANSPOSE: Number(transpose),
    }),
    params: (t, a) => paramsOf(t, a, edition(t, a)),
    groups: ({ y }, { gather: { places }, groups }) => {
      const rows = Math.ceil((y.shape[0]! * sizeOf(places)) / group[0]);
      const folds = Math.max(1, Math.ceil(rows / GRID));
      const columns = groups * Math.ceil(channelsOf(y) / groups / group[1]);
      return [Math.ceil(rows / folds), folds, columns];
    },
    cost: ({ x, w, y }, { gather, groups, stages }) => {
      const made = y.shape[0]! * sizeOf(gather.places) * channelsOf(y);
      const products = x.shape[0]! * meetings(gather, [x.shape[1]!, x.shape[2]!]);
      const read = (sizeOf(x.shape) + sizeOf(w.shape)) / sizeOf(gather.yStep);
      return {
        bytes: 4 * (made + read) + stageBytes(stages),
        flops: (2 * products * channelsOf(x) * channelsOf(y)) / groups,
      };
    },
    cut: (_, { stages }) => [
      'x',
      'y',
      ...extra.filter((_, i) => !stages[i]?.operand || ['full', 'column'].includes(stages[i].kind)),
    ],
    piece: (a, first, { y }) => ({ ...a, first: first * sizeOf(y.shape.slice(1)) }),
  });

/** Workgroups that a dimension of the grid can have. */
const GRID = 65_535;

/** All kernels of the family, in the order of the ladder. */
export const convVariants = {
  naive: /* @__PURE__ */ variant(naive1, [8, 8], () => singleEdition),
  tile: /* @__PURE__ */ variant(tile2, [64, 64]),
  registers: /* @__PURE__ */ variant(registers3, [32, 64]),
  subgroup4: /* @__PURE__ */ variant(subgroup4on4, [16, 16]),
  subgroup8: /* @__PURE__ */ variant(subgroup4on8, [32, 32]),
  /** Several kernels, which `runWinograd` of the graph runs. */
  winograd: 'winograd',
} as const;

export type ConvVariant = keyof typeof convVariants;

/**
 * What a variant is chosen by: [n, h, w, cin, cout, kh, kw, stride, dilation, groups, gradient], the
 * last one 0 or 1: all of the convolution itself, for the gradient of its input, too.
 */
export const convShape = (
  x: Operand,
  w: Operand,
  { window, groups }: { window: Window; groups: number },
  gradient: boolean,
): readonly number[] => [
  ...x.shape,
  w.shape[3]!,
  ...window.kernel,
  Math.max(...window.stride),
  Math.max(...window.dilation),
  groups,
  Number(gradient),
];

/**
 * The family, and its usual variants by class of device and shape: measured on lavapipe and
 * SwiftShader, never yet on hardware, whose rule is what other engines do there.
 */
export const convTunable: Tunable<ConvVariant, ConvKernel | 'winograd'> = {
  family: 'conv',
  variants: convVariants,
  fits(name, { subgroupSize, maxBinding }, shape) {
    if (name === 'winograd') return hasTiles(shape, maxBinding);
    if (name === 'subgroup4') return subgroupSize === 4;
    if (name === 'subgroup8') return subgroupSize === 8;
    return true;
  },
  usual(target, shape) {
    if (target.kind === 'hardware') return 'tile';
    // SwiftShader would run it faster, too, but takes eight seconds to compile it.
    const tiles = target.kind === 'lavapipe' && hasTiles(shape, target.maxBinding);
    if (tiles && tilesPay(shape)) return 'winograd';
    const names: ConvVariant[] = ['subgroup8', 'subgroup4', 'registers'];
    return names.find((name) => convTunable.fits(name, target, shape))!;
  },
};
