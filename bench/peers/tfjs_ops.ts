/**
 * The ops of TensorFlow.js in chains. Gradients of convolutions and pools are the kernels that its
 * own derivatives call: `tf.grad` would run the forward pass, too, whose result they do not need.
 */

import * as tf from '@tensorflow/tfjs-core';
import { CannotError } from './connection.ts';
import type { Steps } from './engine.ts';
import { pick } from './ops/parts.ts';
import { type Window, windowOf } from './ops/windows.ts';
import { NORM_EPSILON } from './problem.ts';
import type { Fixed, OpWork } from './work.ts';

type Step = NonNullable<Steps<tf.Tensor>[keyof Steps<tf.Tensor>]>;

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attributes: object) =>
  tf.engine().runKernel(kernel, inputs, attributes as Record<string, never>) as tf.Tensor;

const attributesOf = ({ stride, dilation, padding }: Window) => ({
  strides: [stride, stride],
  dilations: [dilation, dilation],
  pad: padding,
  dataFormat: 'NHWC',
});

/** A convolution and what its derivatives call. */
interface Conv {
  forward(x: tf.Tensor, w: tf.Tensor, window: Window): tf.Tensor;
  dx(dy: tf.Tensor, w: tf.Tensor, shape: number[], window: Window): tf.Tensor;
  dw(x: tf.Tensor, dy: tf.Tensor, shape: number[], window: Window): tf.Tensor;
}

const conv: Conv = {
  forward: (x, w, { stride, padding, dilation }) =>
    tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, padding, 'NHWC', dilation),
  dx: (dy, filter, inputShape, window) =>
    run(tf.Conv2DBackpropInput, { dy, filter }, { ...attributesOf(window), inputShape }),
  dw: (x, dy, filterShape, window) =>
    run(tf.Conv2DBackpropFilter, { x, dy }, { ...attributesOf(window), filterShape }),
};

const depthwise: Conv = {
  // Its weights are [kh, kw, c, 1].
  forward: (x, w, { stride, padding, dilation, cin, k }) => {
    const filter = tf.reshape<tf.Rank.R4>(w, [k, k, cin, 1]);
    return tf.depthwiseConv2d(x as tf.Tensor4D, filter, stride, padding, 'NHWC', dilation);
  },
  dx: (dy, w, inputShape, window) => {
    const filter = tf.reshape(w, [window.k, window.k, window.cin, 1]);
    const attributes = { ...attributesOf(window), inputShape };
    return run(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter }, attributes);
  },
  dw: (x, dy, shape, window) => {
    const attributes = {
      ...attributesOf(window),
      filterShape: [window.k, window.k, window.cin, 1],
    };
    return tf.reshape(run(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, attributes), shape);
  },
};

const forward =
  ({ forward }: Conv): Step =>
  (y, { x, w }, i, work) => {
    const window = windowOf(work);
    return x
      ? tf.add(y, forward(pick(x, i), pick(w!, i), window))
      : forward(y, pick(w!, i), window);
  };

const inputGradient =
  ({ dx }: Conv): Step =>
  (y, fixed, i, work) => {
    const window = windowOf(work);
    const w = pick(fixed.w!, i);
    const channels = work.family === 'depthwise' ? window.cin : w.shape[2]!;
    const shape = [window.n, window.h, window.w, channels];
    if (!fixed.dy) return dx(y, w, shape, window);
    return tf.add(y, dx(pick(fixed.dy, i), w, shape, window));
  };

const weightGradient =
  ({ dw }: Conv): Step =>
  (sum, { x, dy }, i, work) =>
    tf.add(sum, dw(pick(x!, i), pick(dy!, i), sum.shape, windowOf(work)));

/** It has no such op; its layer of that name has these. */
const layer = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) => {
  const { mean, variance } = tf.moments(x, -1, true);
  const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)));
  return tf.add(tf.mul(normal, scale), shift);
};

const batch = (x: tf.Tensor, { scale, shift }: Fixed<tf.Tensor>) => {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const [m, v, offset, factor] = [mean, variance, shift![0]!, scale![0]!] as tf.Tensor1D[];
  return tf.batchNorm4d(x as tf.Tensor4D, m!, v!, offset, factor, NORM_EPSILON);
};

const attention = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => {
  const scores = tf.matMul(q, k, false, true);
  return tf.matMul(tf.softmax(tf.mul(scores, q.shape.at(-1)! ** -0.5)), v);
};

export const tfjsSteps: Steps<tf.Tensor> = {
  'matmul forward': (y, { w }, i) => tf.matMul(y, pick(w!, i)),
  'matmul input gradient': (dy, { w }, i) => tf.matMul(dy, pick(w!, i), false, true),
  'matmul weight gradient': (dw, { x, dy }, i) =>
    tf.add(dw, tf.matMul(pick(x!, i), pick(dy!, i), true)),
  'softmax forward': (y) => tf.softmax(y),
  'layerNorm forward': (y, { scale, shift }) => layer(y, scale![0]!, shift![0]!),
  'layerNorm input gradient': (dy, { x, scale, shift }, i) =>
    tf.grad((x) => layer(x, scale![0]!, shift![0]!))(pick(x!, i), dy),
  'layerNorm weight gradient': (sum, { x, dy, scale, shift }, i) => {
    const gradients = tf.grads((scale, shift) => layer(pick(x!, i), scale!, shift!));
    const [dscale, dshift] = gradients([scale![0]!, shift![0]!], pick(dy!, i));
    return tf.add(sum, tf.add(dscale!, dshift!));
  },
  'batchNorm forward': (y, fixed) => batch(y, fixed),
  'batchNorm input gradient': (dy, fixed, i) =>
    tf.grad((x) => batch(x, fixed))(pick(fixed.x!, i), dy),
  'conv forward': forward(conv),
  'conv input gradient': inputGradient(conv),
  'conv weight gradient': weightGradient(conv),
  'depthwise forward': forward(depthwise),
  'depthwise input gradient': inputGradient(depthwise),
  'depthwise weight gradient': weightGradient(depthwise),
  'pool forward': (y, { x }, i) => tf.add(y, tf.maxPool(pick(x!, i) as tf.Tensor4D, 3, 2, 1)),
  // Its kernel finds the places of the maxima again, and does not read the maxima.
  'pool input gradient': (sum, { x, dy }, i) => {
    const [input, given] = [pick(x!, i), pick(dy!, i)];
    const attributes = { filterSize: [3, 3], strides: [2, 2], pad: 1 };
    return tf.add(sum, run(tf.MaxPoolGrad, { dy: given, input, output: given }, attributes));
  },
  'attention forward': (y, { k, v }, i) => attention(y, pick(k!, i), pick(v!, i)),
  'attention input gradient': (dy, { q, k, v }, i) => {
    const gradients = tf.grads((q, k, v) => attention(q!, k!, v!));
    const [dq, dk, dv] = gradients([pick(q!, i), pick(k!, i), pick(v!, i)], dy);
    return tf.add(dq!, tf.add(dk!, dv!));
  },
};

/**
 * Asks `tf.grad` for the gradient of a small convolution with the dilation of a work: the kernels
 * that it would call take none.
 * @throws CannotError with its words where it refuses
 */
export function refuseDilation(work: OpWork): void {
  if (work.pass === 'forward' || (work.family !== 'conv' && work.family !== 'depthwise')) return;
  const { dilation } = windowOf(work);
  if (dilation === 1) return;
  try {
    tf.tidy(() => {
      const w = tf.ones<tf.Rank.R4>([3, 3, 1, 1]);
      const op = work.family === 'conv' ? tf.conv2d : tf.depthwiseConv2d;
      const f = (x: tf.Tensor) => op(x as tf.Tensor4D, w, 1, 'same', 'NHWC', dilation);
      tf.grad(f)(tf.ones([1, 8, 8, 1]));
    });
  } catch (error) {
    throw new CannotError((error as Error).message);
  }
}
