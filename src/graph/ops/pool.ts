/** Pooling over images: the largest values, or the means, of windows. */

import {
  type Pooling,
  pool,
  poolBackward,
  poolBackwardApart,
  poolBackwardSlide,
  poolShape,
  poolSlide,
  poolTaps,
  poolTapsSlide,
  poolTunable,
  tapsShape,
} from '../../kernels/pool.ts';
import type { Shape } from '../../kernels/tensor.ts';
import { chosen } from '../../kernels/tuning.ts';
import { type Pair, type Window, type WindowOptions, windowOf } from '../../kernels/window.ts';
import { call, call1, type OpRule, op, show, type Tensor } from '../trace.ts';

const pooled = ([x]: readonly Shape[], { window }: Pooling): Shape => [
  x![0]!,
  ...window.places,
  x![3]!,
];

/** y of x. */
const poolRule: OpRule<Pooling> = {
  halves: [0],
  shape: (shapes, a) => [pooled(shapes, a)],
  lower: ({ inputs: [x], outputs: [y], run, target }, a) => {
    const { rows } = chosen(poolTunable, target, poolShape(x!, a.window));
    run(rows ? poolSlide : pool, { x: x!, y: y! }, { ...a, rows });
  },
};
const poolForwardOp = /* @__PURE__ */ op<Pooling>('pool2d', poolRule);
const poolOp = /* @__PURE__ */ op<Pooling>('pool2d', poolRule, {
  backward: ([dy], { x: [x], a }) => [call1(poolBackwardOp, [dy!, dy!], { ...a, image: x!.shape })],
});

const withTaps: OpRule<Pooling>['shape'] = (shapes, a) => {
  const y = pooled(shapes, a);
  return [y, tapsShape(a, y)];
};

/** y and taps of x, for maxima whose gradients are wanted. */
const maxPoolTapsOp = /* @__PURE__ */ op<Pooling>('maxPool2dTaps', {
  halves: [0],
  shape: withTaps,
  lower: ({ inputs: [x], outputs: [y, taps], run, target }, a) => {
    const { rows } = chosen(poolTunable, target, poolShape(x!, a.window));
    run(rows ? poolTapsSlide : poolTaps, { x: x!, y: y!, taps: taps! }, { ...a, rows });
  },
});

/** The same, where the taps are not kept unless the program has gradients. */
const maxPoolOp = /* @__PURE__ */ op<Pooling>('maxPool2d', {
  shape: withTaps,
  expand: ([x], a, gradients) =>
    gradients ? call(maxPoolTapsOp, [x!], a) : call(poolForwardOp, [x!], a),
  backward: ([dy], { x: [x], y: [, taps], a }) => [
    call1(poolBackwardOp, [dy!, taps!], { ...a, image: x!.shape }),
  ],
});

/** dx of dy; means read no taps, and are given dy for them. */
const poolBackwardOp = /* @__PURE__ */ op<Pooling & { image: Shape }>('pool2dBackward', {
  halves: [0],
  shape: (_, { image }) => [image],
  lower: ({ inputs: [dy, taps], outputs: [dx], run, target }, a) => {
    const { rows, apart } = chosen(poolTunable, target, poolShape(dx!, a.window, true));
    const kernel = apart ? poolBackwardApart : rows ? poolBackwardSlide : poolBackward;
    run(kernel, { dy: dy!, taps: taps!, dx: dx! }, { ...a, rows });
  },
});

/** The windows of a pool over x; each must hold a pixel. */
function windowsOver(name: string, x: Tensor, size: Pair, options: WindowOptions): Window {
  if (x.shape.length !== 4)
    throw new Error(
      `${name}: x is ${show(x.shape)}, images are [n, h, w, c]. Reshape it, or add the missing axes`,
    );
  const [, h, w] = x.shape as [number, number, number, number];
  const kernel = typeof size === 'number' ? ([size, size] as const) : size;
  const window = windowOf(name, [h, w], kernel, { stride: kernel, ...options });
  window.places.forEach((places, axis) => {
    const [taps, step, apart] = [window.kernel, window.stride, window.dilation].map(
      (pair) => pair[axis]!,
    ) as [number, number, number];
    for (let place = 0; place < places; place++) {
      const first = place * step - window.padding[2 * axis]!;
      const inside = Math.max(0, Math.ceil(-first / apart));
      if (inside >= taps || first + inside * apart >= window.image[axis]!)
        throw new Error(
          `${name}: window ${place} along axis ${axis + 1} of x ${show(x.shape)} has no pixel, only padding. Use less padding or dilation`,
        );
    }
  });
  return window;
}

/**
 * The largest values of windows of size [height, width] over x [n, h, w, c], channel by channel:
 * y [n, windows down, windows across, c]. Windows follow one another without gaps unless `stride` says
 * otherwise; padding is never the largest. Where several pixels of a window are, the gradient goes to
 * the first of them by rows, as in PyTorch.
 * @throws where the window does not fit, or one would hold nothing but padding
 */
export const maxPool2d = (x: Tensor, size: Pair, options: WindowOptions = {}): Tensor =>
  call(maxPoolOp, [x], maxima(x, size, options))[0]!;

/** The same without its derivative. */
export const maxPool2dForward: typeof maxPool2d = (x, size, options = {}) =>
  call1(poolForwardOp, [x], maxima(x, size, options));

const maxima = (x: Tensor, size: Pair, options: WindowOptions): Pooling => ({
  window: windowsOver('maxPool2d', x, size, options),
  max: true,
  countPadding: true,
});

export interface AvgPoolOptions extends WindowOptions {
  /** Zeros of the padding count as values, as PyTorch's `count_include_pad` says; true. */
  countPadding?: boolean;
}

/**
 * The means of windows of size [height, width] over x [n, h, w, c], channel by channel:
 * y [n, windows down, windows across, c]. Windows follow one another without gaps unless `stride` says
 * otherwise.
 * @throws where the window does not fit, or one would hold nothing but padding
 */
export const avgPool2d = (x: Tensor, size: Pair, options: AvgPoolOptions = {}): Tensor =>
  call1(poolOp, [x], means(x, size, options));

/** The same without its derivative. */
export const avgPool2dForward: typeof avgPool2d = (x, size, options = {}) =>
  call1(poolForwardOp, [x], means(x, size, options));

const means = (
  x: Tensor,
  size: Pair,
  { countPadding = true, ...options }: AvgPoolOptions,
): Pooling => ({ window: windowsOver('avgPool2d', x, size, options), max: false, countPadding });
