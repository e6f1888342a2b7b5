/**
 * Gradients of depthwise convolution that are no convolutions themselves: of the input where the stride is above 1, and of the
 * weights.
 */

import inputWgsl from '../../shaders/depthwise_input_gradient.wgsl';
import inputStripsWgsl from '../../shaders/depthwise_input_gradient_strips.wgsl';
import weightsWgsl from '../../shaders/depthwise_weights.wgsl';
import weightsRowsWgsl from '../../shaders/depthwise_weights_rows.wgsl';
import type { KernelFile } from '../gpu/shader.ts';
import { singles } from './chain.ts';
import { windowParams } from './depthwise.ts';
import { hasStrips } from './depthwise_divisions.ts';
import { type Kernel, kernel, kernelLike, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { columnThreads, lanesOf } from './walk.ts';
import type { Window } from './window.ts';

const WIDTH = 64;
const editions = (t: Operand) => (lanesOf(t) === 4 ? {} : singles);
const quadsOf = (t: Operand) => t.shape[3]! / lanesOf(t);
const groupsOf = (threads: number, target: Target) =>
  Math.ceil(threads / columnThreads(target, WIDTH));
const tapsOf = ({ kernel }: Window) => ({ KH: `${kernel[0]}u`, KW: `${kernel[1]}u` });
const stridesOf = ({ stride }: Window) => ({ SY: `${stride[0]}u`, SX: `${stride[1]}u` });
const none = { blocks: 1, phases_x: 1 };

interface Windowed {
  readonly window: Window;
}
export type InputGradientKernel = Kernel<'dy' | 'taps', 'dx', Windowed>;

/** dx [n, h, w, c] from dy and the taps: a thread for each T. */
const anyInputGradient = /* @__PURE__ */ kernel<'dy' | 'taps', 'dx', Windowed>(inputWgsl, {
  reads: ['dy', 'taps'],
  writes: ['dx'],
  editions: ({ dx }) => editions(dx),
  overrides: (_t, _a, target) => ({ WIDTH: columnThreads(target, WIDTH) }),
  constants: (_, { window }) => tapsOf(window),
  params: ({ dx }, { window }) => ({
    ...windowParams(window),
    images: dx.shape[0]!,
    channels: quadsOf(dx),
    ...none,
    block: 1,
    first_block: 0,
  }),
  groups: ({ dx }, _, target) => groupsOf(sizeOf(dx.shape) / lanesOf(dx), target),
  cost: ({ dy, taps, dx }, { window }) => ({
    bytes: 4 * (sizeOf(dy.shape) + sizeOf(taps.shape) + sizeOf(dx.shape)),
    flops: 2 * sizeOf(window.kernel) * sizeOf(dy.shape),
  }),
  cut: () => ['dy', 'dx'],
});

/** Rows of squares of stride by stride values of dx, from the first that has any. */
const squares = ({ image, stride, padding }: Window) =>
  Math.ceil((image[0] + padding[0]) / stride[0]);

const stripInputGradient = /* @__PURE__ */ kernelLike(inputStripsWgsl, anyInputGradient, {
  constants: (_, { window }) => ({ ...tapsOf(window), ...stridesOf(window) }),
  params: ({ dx }, { window }) => ({
    ...windowParams(window),
    images: dx.shape[0]!,
    channels: quadsOf(dx),
    ...none,
    block: 1,
    first_block: 0,
    blocks: squares(window),
  }),
  groups: ({ dx }, { window }, target) =>
    groupsOf(dx.shape[0]! * squares(window) * quadsOf(dx), target),
});

/** The gradient of the input, where a stride is above 1. */
export const depthwiseInputTunable: Tunable<'any' | 'strips', InputGradientKernel> = {
  family: 'depthwiseInput',
  variants: {
    any: anyInputGradient,
    strips: stripInputGradient,
  },
  fits: (name, _, shape) => name === 'any' || (hasStrips(shape) && plain(shape)),
  usual: (_, shape) => (hasStrips(shape) && plain(shape) ? 'strips' : 'any'),
};
const plain = ([, , , , , , , , dy, dx]: readonly number[]) => dy === 1 && dx === 1;

interface WeightAttributes extends Windowed {
  /** Rows, or pixels, that a thread adds up. */
  readonly block: number;
  /** Index of the first block, when the images are cut. */
  readonly firstBlock: number;
}
type WeightKernel = Kernel<'x' | 'dy', 'dw', WeightAttributes>;

/** How the gradient of the weights is divided into blocks. */
interface Units {
  /** Rows, or pixels, of an image. */
  readonly units: (window: Window) => number;
  /** Threads that share one of them. */
  readonly shared: (window: Window) => number;
}
interface WeightVariant extends Units {
  readonly kernel: WeightKernel;
}

/** dw [blocks, kh, kw, 1, c]: a thread for each tap that it does not hold, block of units and T of channels. */
function weightVariant(
  file: KernelFile,
  { units, shared }: Units,
  phases: (window: Window) => number = () => 1,
  constants: (window: Window) => Readonly<Record<string, string>> = () => ({}),
): WeightVariant {
  const made = kernel<'x' | 'dy', 'dw', WeightAttributes>(file, {
    reads: ['x', 'dy'],
    writes: ['dw'],
    editions: ({ x }) => editions(x),
    overrides: (_t, _a, target) => ({ WIDTH: columnThreads(target, WIDTH) }),
    constants: (_, { window }) => ({ ...tapsOf(window), ...constants(window) }),
    params: ({ x }, { window, block, firstBlock }) => ({
      ...windowParams(window),
      images: x.shape[0]!,
      channels: quadsOf(x),
      ...none,
      phases_x: phases(window),
      block,
      first_block: firstBlock,
    }),
    groups({ x }, { window, block }, target) {
      const blocks = Math.ceil((x.shape[0]! * units(window)) / block);
      return groupsOf(blocks * shared(window) * quadsOf(x), target);
    },
    cost: ({ x, dy, dw }, { window }) => ({
      bytes: 4 * (sizeOf(x.shape) + sizeOf(dy.shape) + sizeOf(dw.shape)),
      flops: 2 * sizeOf(window.kernel) * sizeOf(dy.shape),
    }),
    cut: () => ['x', 'dy'],
    piece: (a, first) => ({ ...a, firstBlock: (first * units(a.window)) / a.block }),
  });
  return { kernel: made, units, shared };
}

/** Rows of dy along which threads walk, each for one row of taps. */
const byTapRows = (): WeightVariant =>
  weightVariant(
    weightsRowsWgsl,
    { units: ({ places }) => places[0], shared: ({ kernel }) => kernel[0] },
    ({ places, dilation }) => Math.min(dilation[1], places[1]),
    ({ stride }) => ({ SX: `${stride[1]}u` }),
  );

/** Taps of a row that have a name in that kernel. */
const MOST_NAMED = 7;
const hasTapRows = ([, , , , , kw, , sx, , dx]: readonly number[]) =>
  kw! <= MOST_NAMED && (sx === 1 || (sx === 2 && dx === 1));

/** The gradient of the weights. */
export const depthwiseWeightTunable: Tunable<'any' | 'rows', WeightVariant> = {
  family: 'depthwiseWeight',
  variants: {
    any: /* @__PURE__ */ weightVariant(weightsWgsl, {
      units: ({ places }) => sizeOf(places),
      shared: ({ kernel }) => sizeOf(kernel),
    }),
    rows: /* @__PURE__ */ byTapRows(),
  },
  fits: (name, _, shape) => name === 'any' || hasTapRows(shape),
  usual: (_, shape) => (hasTapRows(shape) ? 'rows' : 'any'),
};

/** Threads that are enough for a device. */
const ENOUGH = { hardware: 16_384, lavapipe: 512, swiftshader: 512 };

/**
 * Units of a block, and how many blocks there are. Where x does not fit one binding, a block is an image: pieces have whole ones.
 */
export function weightBlocks(
  target: Target,
  { units, shared }: WeightVariant,
  x: Operand,
  window: Window,
) {
  const own = units(window);
  const all = own * x.shape[0]!;
  const whole = 4 * Math.max(sizeOf(x.shape), x.shape[0]! * x.shape[3]! * sizeOf(window.places));
  const threads = Math.ceil(ENOUGH[target.kind] / (shared(window) * quadsOf(x)));
  const block = whole > target.maxBinding ? own : Math.ceil(all / Math.min(all, threads));
  return { block, blocks: Math.ceil(all / block) };
}
