/** The ops of jax-js in chains: images are NCHW, attention is [batch, tokens, heads, size]. */

import type { numpy } from '@jax-js/jax';
import type { Steps } from './engine.ts';
import { pick as pickAny } from './ops/parts.ts';
import { windowOf } from './ops/windows.ts';
import { NORM_EPSILON } from './problem.ts';
import type { Fixed, OpWork } from './work.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;
type Step = NonNullable<Steps<NumArray>[keyof Steps<NumArray>]>;

/** Functions of jax-js use up their arguments: `ref` keeps one for later. */
const pick = (arrays: readonly NumArray[], i: number) => pickAny(arrays, i).ref;

export function jaxSteps({ lax, nn, numpy: np, vjp }: Jax): Steps<NumArray> {
  /** Gradients of f at x, given that of its result. */
  const gradients = (f: (...x: NumArray[]) => NumArray, x: NumArray[], dy: NumArray) => {
    const [y, back] = vjp(f, x);
    y.dispose();
    const all = back(dy) as NumArray[];
    back.dispose();
    return all;
  };

  const conv =
    (work: OpWork) =>
    (x: NumArray, w: NumArray): NumArray => {
      const { stride, dilation, padding, cin } = windowOf(work);
      return lax.convGeneralDilated(
        x,
        w,
        [stride, stride],
        [
          [padding, padding],
          [padding, padding],
        ],
        {
          rhsDilation: [dilation, dilation],
          ...(work.family === 'depthwise' && { featureGroupCount: cin }),
        },
      );
    };
  const forward: Step = (y, { x, w }, i, work) =>
    x ? np.add(y, conv(work)(pick(x, i), pick(w!, i))) : conv(work)(y, pick(w!, i));
  const inputGradient: Step = (y, fixed, i, work) => {
    const w = pick(fixed.w!, i);
    const { n, h, w: width, cin } = windowOf(work);
    const x = np.zeros([n, work.family === 'depthwise' ? cin : w.shape[1]!, h, width]);
    const op = (x: NumArray) => conv(work)(x, w.ref);
    const [dx] = gradients(op, [x], fixed.dy ? pick(fixed.dy, i) : y);
    w.dispose();
    return fixed.dy ? np.add(y, dx!) : dx!;
  };
  const weightGradient: Step = (dw, { x, dy }, i, work) => {
    const image = pick(x!, i);
    const op = (w: NumArray) => conv(work)(image.ref, w);
    const [more] = gradients(op, [np.zeros(dw.shape)], pick(dy!, i));
    image.dispose();
    return np.add(dw, more!);
  };

  const layer = (x: NumArray, scale: NumArray, shift: NumArray) =>
    nn.standardize(x, -1, { epsilon: NORM_EPSILON }).mul(scale).add(shift);
  const batch = (x: NumArray, { scale, shift }: Fixed<NumArray>) => {
    const channels = (v: NumArray) => np.reshape(v, [1, v.size, 1, 1]);
    return nn
      .standardize(x, [0, 2, 3], { epsilon: NORM_EPSILON })
      .mul(channels(pick(scale!, 0)))
      .add(channels(pick(shift!, 0)));
  };

  /** It has no such op, but windows without padding, and pads with zeros alone. */
  const pool = (x: NumArray) => {
    const around = (x: NumArray) =>
      np.pad(x, [
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ]);
    const inside = around(np.ones(x.shape)).greater(0);
    const padded = np.where(inside, around(x), -Infinity);
    return lax.reduceWindow(padded, (window) => np.max(window), [1, 1, 3, 3], [1, 1, 2, 2]);
  };

  return {
    'matmul forward': (y, { w }, i) => np.matmul(y, pick(w!, i)),
    'matmul input gradient': (dy, { w }, i) => np.matmul(dy, np.matrixTranspose(pick(w!, i))),
    'matmul weight gradient': (dw, { x, dy }, i) =>
      np.add(dw, np.matmul(np.matrixTranspose(pick(x!, i)), pick(dy!, i))),
    'softmax forward': (y) => nn.softmax(y),
    'layerNorm forward': (y, { scale, shift }) => layer(y, pick(scale!, 0), pick(shift!, 0)),
    'layerNorm input gradient': (dy, { x, scale, shift }, i) => {
      const op = (x: NumArray) => layer(x, pick(scale!, 0), pick(shift!, 0));
      return gradients(op, [pick(x!, i)], dy)[0]!;
    },
    'layerNorm weight gradient': (sum, { x, dy, scale, shift }, i) => {
      const op = (scale: NumArray, shift: NumArray) => layer(pick(x!, i), scale, shift);
      const parameters = [pick(scale!, 0), pick(shift!, 0)];
      const [dscale, dshift] = gradients(op, parameters, pick(dy!, i));
      return np.add(sum, np.add(dscale!, dshift!));
    },
    'batchNorm forward': (y, fixed) => batch(y, fixed),
    'batchNorm input gradient': (dy, fixed, i) =>
      gradients((x) => batch(x, fixed), [pick(fixed.x!, i)], dy)[0]!,
    'conv forward': forward,
    'conv input gradient': inputGradient,
    'conv weight gradient': weightGradient,
    'depthwise forward': forward,
    'depthwise input gradient': inputGradient,
    'depthwise weight gradient': weightGradient,
    'pool forward': (y, { x }, i) => np.add(y, pool(pick(x!, i))),
    'pool input gradient': (sum, { x, dy }, i) =>
      np.add(sum, gradients(pool, [pick(x!, i)], pick(dy!, i))[0]!),
    'attention forward': (y, { k, v }, i) => nn.dotProductAttention(y, pick(k!, i), pick(v!, i)),
    'attention input gradient': (dy, { q, k, v }, i) => {
      const op = (q: NumArray, k: NumArray, v: NumArray) => nn.dotProductAttention(q, k, v);
      const [dq, dk, dv] = gradients(op, [pick(q!, i), pick(k!, i), pick(v!, i)], dy);
      return np.add(dq!, np.add(dk!, dv!));
    },
  };
}
