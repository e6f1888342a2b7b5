/** Kinegrad's ops in chains. */

import { vjp } from '../../src/graph/autograd.ts';
import { attention } from '../../src/graph/ops/attention.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { conv2d } from '../../src/graph/ops/conv.ts';
import { depthwiseConv2d } from '../../src/graph/ops/depthwise.ts';
import { add } from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { matmul } from '../../src/graph/ops/matmul.ts';
import { maxPool2d } from '../../src/graph/ops/pool.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { constant, type Tensor } from '../../src/graph/trace.ts';
import { ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import type { Steps } from './engine.ts';
import { pick } from './ops/parts.ts';
import { windowOf } from './ops/windows.ts';
import { NORM_EPSILON } from './problem.ts';
import type { Fixed, OpWork } from './work.ts';

type Op = (x: Tensor, w: Tensor) => Tensor;

const conv =
  (work: OpWork): Op =>
  (x, w) =>
    conv2d(x, w, windowOf(work));

const depthwise =
  (work: OpWork): Op =>
  (x, w) =>
    depthwiseConv2d(x, w, windowOf(work));

const pool = (x: Tensor) => maxPool2d(x, 3, { stride: 2, padding: 1 });

const norm = (x: Tensor, { scale, shift }: Fixed<Tensor>) =>
  layerNorm(x, scale![0]!, shift![0]!, { epsilon: NORM_EPSILON });

function batch(x: Tensor, { scale, shift }: Fixed<Tensor>) {
  const channels = x.shape.at(-1)!;
  const running = new VariableSet('running');
  const mean = running.add('mean', [channels], zeros);
  const variance = running.add('variance', [channels], ones);
  const parameters = { scale: scale![0]!, shift: shift![0]!, mean, variance };
  return batchNorm(x, parameters, { training: true, epsilon: NORM_EPSILON });
}

/** y <- op(y, w), or acc <- acc + op(x, w). */
const forward =
  (op: (work: OpWork) => Op): Step =>
  (y, { x, w }, i, work) =>
    x ? add(y, op(work)(pick(x, i), pick(w!, i))) : op(work)(y, pick(w!, i));

/** dy <- dx, or acc <- acc + dx; the values of x do not count. */
const inputGradient =
  (op: (work: OpWork) => Op): Step =>
  (y, fixed, i, work) => {
    const { n, h, w: width, cin } = windowOf(work);
    const w = pick(fixed.w!, i);
    const dy = fixed.dy ? pick(fixed.dy, i) : y;
    const channels = w.shape[2] === 1 ? cin : w.shape[2]!;
    const x = constant(new Float32Array(n * h * width * channels), [n, h, width, channels]);
    const [dx] = vjp(op(work)(x, w), dy, [x]);
    return fixed.dy ? add(y, dx!) : dx!;
  };

/** dw <- dw + the gradient of w, whose values do not count. */
const weightGradient =
  (op: (work: OpWork) => Op): Step =>
  (dw, { x, dy }, i, work) => {
    const w = constant(new Float32Array(dw.size), dw.shape);
    return add(dw, vjp(op(work)(pick(x!, i), w), pick(dy!, i), [w])[0]!);
  };

type Step = NonNullable<Steps<Tensor>[keyof Steps<Tensor>]>;

export const kinegradSteps: Steps<Tensor> = {
  'matmul forward': (y, { w }, i) => matmul(y, pick(w!, i)),
  'matmul input gradient': (dy, { w }, i) => matmul(dy, pick(w!, i), { transposeB: true }),
  'matmul weight gradient': (dw, { x, dy }, i) =>
    add(dw, matmul(pick(x!, i), pick(dy!, i), { transposeA: true })),
  'softmax forward': (y) => softmax(y),
  'layerNorm forward': (y, fixed) => norm(y, fixed),
  'layerNorm input gradient': (dy, fixed, i) => {
    const x = pick(fixed.x!, i);
    return vjp(norm(x, fixed), dy, [x])[0]!;
  },
  'layerNorm weight gradient': (sum, fixed, i) => {
    const { scale, shift } = fixed;
    const y = norm(pick(fixed.x!, i), fixed);
    const [dscale, dshift] = vjp(y, pick(fixed.dy!, i), [scale![0]!, shift![0]!]);
    return add(sum, add(dscale!, dshift!));
  },
  'batchNorm forward': (y, fixed) => batch(y, fixed),
  'batchNorm input gradient': (dy, fixed, i) => {
    const x = pick(fixed.x!, i);
    return vjp(batch(x, fixed), dy, [x])[0]!;
  },
  'conv forward': forward(conv),
  'conv input gradient': inputGradient(conv),
  'conv weight gradient': weightGradient(conv),
  'depthwise forward': forward(depthwise),
  'depthwise input gradient': inputGradient(depthwise),
  'depthwise weight gradient': weightGradient(depthwise),
  'pool forward': (y, { x }, i) => add(y, pool(pick(x!, i))),
  'pool input gradient': (sum, { x, dy }, i) => {
    const image = pick(x!, i);
    return add(sum, vjp(pool(image), pick(dy!, i), [image])[0]!);
  },
  'attention forward': (y, { k, v }, i) => attention(y, pick(k!, i), pick(v!, i)),
  'attention input gradient': (dy, fixed, i) => {
    const [q, k, v] = [pick(fixed.q!, i), pick(fixed.k!, i), pick(fixed.v!, i)];
    const [dq, dk, dv] = vjp(attention(q, k, v), dy, [q, k, v]);
    return add(dq!, add(dk!, dv!));
  },
};
