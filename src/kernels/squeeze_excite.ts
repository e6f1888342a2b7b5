/**
 * Squeeze and excitation: sums over the pixels of each image, two small dense layers on them, and a scale for each channel of an
 * image.
 */

import exciteWgsl from '../../shaders/excite.wgsl';
import exciteBackwardWgsl from '../../shaders/excite_backward.wgsl';
import scaleWgsl from '../../shaders/image_scale.wgsl';
import sumsWgsl from '../../shaders/image_sums.wgsl';
import {
  type Stage,
  singles,
  stageBytes,
  stageEditions,
  stageOverrides,
  stageParams,
} from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { columnThreads, lanesOf } from './walk.ts';

const WIDTH = 64;
const editions = (t: Operand) => (lanesOf(t) === 4 ? {} : singles);
const groupsOf = (threads: number, target: Target) =>
  Math.ceil(threads / columnThreads(target, WIDTH));

/** Threads that are enough for a device. */
const ENOUGH = { hardware: 16_384, lavapipe: 512, swiftshader: 512 };

/** Pixels of a thread, where `columns` Ts of channels of all images have as many pixels each. */
export function pixelsOf({ kind }: Target, pixels: number, columns: number): number {
  const parts = Math.max(1, Math.ceil(ENOUGH[kind] / columns));
  return Math.max(Math.min(pixels, LEAST), Math.ceil(pixels / parts));
}
const LEAST = 16;

export interface ImageSums {
  /** Of x and dy, else of x. */
  readonly product: boolean;
  readonly block: number;
  readonly scale: number;
}

/** y [outer, blocks, inner] from x and dy [outer, reduced, inner]: sums of blocks, times a scale. */
export const imageSums = /* @__PURE__ */ kernel<'x' | 'dy', 'y', ImageSums>(sumsWgsl, {
  reads: ['x', 'dy'],
  writes: ['y'],
  editions: ({ x }) => editions(x),
  overrides: (_, { product }, target) => ({
    WIDTH: columnThreads(target, WIDTH),
    PRODUCT: Number(product),
  }),
  params: ({ x }, { block, scale }) => ({
    outer: x.shape[0]!,
    reduced: x.shape[1]!,
    inner: x.shape[2]! / lanesOf(x),
    block,
    scale,
  }),
  groups: ({ y }, _, target) => groupsOf(sizeOf(y.shape) / lanesOf(y), target),
  cost: ({ x, y }, { product }) => ({
    bytes: 4 * ((product ? 2 : 1) * sizeOf(x.shape) + sizeOf(y.shape)),
    flops: (product ? 2 : 1) * sizeOf(x.shape),
  }),
  cut: () => ['x', 'dy', 'y'],
});

const extra = ['e0', 'e1', 'e2', 'e3'] as const;
/** How many stages can follow the scale. */
export const maxScaleStages = extra.length;

export interface ImageScale {
  readonly shifted: boolean;
  readonly stages: readonly Stage[];
  readonly first?: number;
}

const scaleLength = (target: Target, { shape }: Operand) =>
  pixelsOf(target, shape[1]!, (shape[0]! * shape[2]!) / (shape[2]! % 4 === 0 ? 4 : 1));

/** y = the stages on x scale + shift: x and y are [n, pixels, c], scale and shift [n, c]. */
export const imageScale = /* @__PURE__ */ kernel<
  'x' | 'scale' | 'shift' | (typeof extra)[number],
  'y',
  ImageScale
>(scaleWgsl, {
  reads: ['x', 'scale', 'shift', ...extra],
  writes: ['y'],
  editions: ({ x }, { stages }) => ({ ...editions(x), ...stageEditions(stages) }),
  overrides: (_, { shifted, stages }, target) => ({
    ...stageOverrides(stages),
    WIDTH: columnThreads(target, WIDTH),
    SHIFT: Number(shifted),
  }),
  params: ({ x }, { stages, first }, target) => ({
    images: x.shape[0]!,
    pixels: x.shape[1]!,
    channels: x.shape[2]! / lanesOf(x),
    length: scaleLength(target, x),
    first: first ?? 0,
    ...stageParams(stages, extra.length),
  }),
  groups: ({ x }, _, target) => {
    const parts = Math.ceil(x.shape[1]! / scaleLength(target, x));
    return groupsOf((x.shape[0]! * parts * x.shape[2]!) / lanesOf(x), target);
  },
  cost: ({ x, y }, { stages }) => ({
    bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)) + stageBytes(stages),
    flops: (1 + stages.length) * sizeOf(y.shape),
  }),
  // Bindings that no stage reads hold x.
  cut: (_, { stages }) => [
    ...(['x', 'scale', 'shift', 'y'] as const),
    ...extra.filter((_, i) => {
      const stage = stages[i];
      return !stage?.operand || stage.kind === 'full' || stage.kind === 'column';
    }),
  ],
  piece: (a, first, { y }) => ({ ...a, first: first * sizeOf(y.shape.slice(1)) }),
});

export interface Excitation {
  readonly silu: boolean;
  readonly hard: boolean;
}

const layers = ({ silu, hard }: Excitation, target: Target) => ({
  WIDTH: columnThreads(target, 256),
  SILU: Number(silu),
  HARD: Number(hard),
});

/** Both layers for each image: z and hidden [n, units], gate [n, c] from mean [n, c]. */
export const excite = /* @__PURE__ */ kernel<
  'mean' | 'w1' | 'b1' | 'w2' | 'b2',
  'z' | 'hidden' | 'gate',
  Excitation
>(exciteWgsl, {
  reads: ['mean', 'w1', 'b1', 'w2', 'b2'],
  writes: ['z', 'hidden', 'gate'],
  editions: ({ gate, z }) => (lanesOf(gate) === 4 && lanesOf(z) === 4 ? {} : singles),
  overrides: (_, a, target) => layers(a, target),
  params: ({ gate, z }) => {
    const lanes = Math.min(lanesOf(gate), lanesOf(z));
    return { channels: gate.shape[1]! / lanes, hidden: z.shape[1]! / lanes, scale: 1 };
  },
  groups: ({ mean }) => [mean.shape[0]!, 1, 1],
  cost: ({ mean, w1, w2 }) => ({
    bytes: 4 * (2 * sizeOf(mean.shape) + sizeOf(w1.shape) + sizeOf(w2.shape)),
    flops: 2 * mean.shape[0]! * (sizeOf(w1.shape) + sizeOf(w2.shape)),
  }),
  cut: () => ['mean', 'z', 'hidden', 'gate'],
  mostRows: () => 65_535,
});

/** What comes back through them: dmean, times `scale`, and the gradients before each activation. */
export const exciteBackward = /* @__PURE__ */ kernel<
  'dgate' | 'gate' | 'z' | 'w1' | 'w2',
  'dv' | 'dz' | 'dmean',
  Excitation & { scale: number }
>(exciteBackwardWgsl, {
  reads: ['dgate', 'gate', 'z', 'w1', 'w2'],
  writes: ['dv', 'dz', 'dmean'],
  editions: () => singles,
  overrides: (_, a, target) => layers(a, target),
  params: ({ gate, z }, { scale }) => ({ channels: gate.shape[1]!, hidden: z.shape[1]!, scale }),
  groups: ({ gate }) => [gate.shape[0]!, 1, 1],
  cost: ({ gate, w1, w2 }) => ({
    bytes: 4 * (4 * sizeOf(gate.shape) + sizeOf(w1.shape) + sizeOf(w2.shape)),
    flops: 2 * gate.shape[0]! * (sizeOf(w1.shape) + sizeOf(w2.shape)),
  }),
  cut: () => ['dgate', 'gate', 'z', 'dv', 'dz', 'dmean'],
  mostRows: () => 65_535,
});
