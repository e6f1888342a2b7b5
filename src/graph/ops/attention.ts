/** Scaled dot-product attention (Vaswani et al. 2017). */

import {
  type AttentionAttributes,
  attentionGradients,
  attentionShape,
  attentionStats,
  attentionTunable,
} from '../../kernels/attention.ts';
import { matrix, type Operand, sizeOf, view } from '../../kernels/tensor.ts';
import { choose, chosen } from '../../kernels/tuning.ts';
import { call, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';
import { materialised, materialisedBackward } from './attention_materialised.ts';
import { add, exp, mul, sub } from './elementwise.ts';
import { reshape } from './layout.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';

export interface AttentionOptions {
  /**
   * Added to the scaled scores: [batch or 1, heads or 1, tokens or 1, keys]. What is -1e30 or less,
   * -Infinity too, hides its key. A query without a key gets zeros.
   */
  mask?: Tensor;
  /** Factor of the scores; 1 / √size. */
  scale?: number;
}

/**
 * [o, tops, logs] of q, k, v and perhaps a mask. Of each row tops is about its largest score, and
 * logs the log of the sum of its exponentials relative to it: added up, beside scores of 10,000,
 * they would lose what exp makes of their last digits.
 */
const attentionRule: OpRule<AttentionAttributes> = {
  halves: [0],
  shape: ([q]) => [q!, q!.slice(0, -1), q!.slice(0, -1)],
  lower: (context, a) => {
    const [q, k, v, mask = q] = context.inputs as [Operand, Operand, Operand, Operand?];
    const [o, tops, logs] = context.outputs as [Operand, Operand, Operand];
    const t = { q, k, v, mask, o, tops, logs };
    const kernel = chosen(attentionTunable, context.target, attentionShape(t, a, false));
    if (kernel) context.run(kernel, byHead(t, a), a);
    else materialised(context, t, a);
  },
};
const attentionForwardOp = /* @__PURE__ */ op<AttentionAttributes>('attention', attentionRule);
const attentionOp = /* @__PURE__ */ op<AttentionAttributes>('attention', attentionRule, {
  backward: ([dy], { x: [q, k, v, mask], y: [o, tops, logs], a }) => {
    const inputs = [q!, k!, v!, o!, tops!, logs!, dy!, ...(mask ? [mask] : [])];
    const gradients = call(attentionBackwardOp, inputs, a);
    if (!mask) return gradients;
    return [...gradients, maskGradient([q!, k!, v!, mask], [o!, tops!, logs!], dy!, a)];
  },
});

/** [dq, dk, dv] */
const attentionBackwardOp = /* @__PURE__ */ op<AttentionAttributes>('attentionBackward', {
  halves: [0, 1, 2],
  shape: ([q, k, v]) => [q!, k!, v!],
  lower: (context, a) => {
    const [q, k, v, o, tops, logs, d_o, mask = q] = context.inputs as Operand[] & { 0: Operand };
    const [dq, dk, dv] = context.outputs as [Operand, Operand, Operand];
    const saved = { o: o!, tops: tops!, logs: logs!, d_o: d_o! };
    const t = { q, k: k!, v: v!, mask, ...saved, dq, dk, dv };
    const kernels =
      attentionGradients[choose(attentionTunable, context.target, attentionShape(t, a, true))];
    if (!kernels) {
      materialisedBackward(context, t, a);
      return;
    }
    const stats = context.scratch('attention stats', [...tops!.shape, 4]);
    const rows = [sizeOf(tops!.shape)];
    context.run(
      attentionStats,
      {
        o: matrix(t.o),
        d_o: matrix(t.d_o),
        tops: view(t.tops, rows),
        logs: view(t.logs, rows),
        stats: matrix(stats),
      },
      undefined,
    );
    const read = { q, k: t.k, v: t.v, mask, d_o: t.d_o, stats };
    context.run(kernels.dq, byHead({ ...read, dq }, a), a);
    context.run(kernels.dkv, byHead({ ...read, dk, dv }, a), a);
  },
});

/** Heads as images of their own, where one mask is for all: a call is cut between any of them. */
function byHead<T extends Readonly<Record<'mask', Operand>>>(
  t: T,
  { masked }: AttentionAttributes,
) {
  if (masked && t.mask.shape[0]! * t.mask.shape[1]! > 1) return t;
  const flat = (name: string, operand: Operand) =>
    masked && name === 'mask'
      ? operand
      : view(operand, [operand.shape[0]! * operand.shape[1]!, 1, ...operand.shape.slice(2)]);
  return Object.fromEntries(
    Object.entries(t as Readonly<Record<string, Operand>>).map(([name, x]) => [
      name,
      flat(name, x),
    ]),
  ) as T;
}

/**
 * The gradient of a mask is that of the scores, p (do vᵀ - delta), summed where it repeats. It is
 * the only gradient whose scores are in memory, and none of this runs where no one asks for it.
 */
function maskGradient(
  [q, k, v, mask]: readonly [Tensor, Tensor, Tensor, Tensor],
  [o, tops, logs]: readonly [Tensor, Tensor, Tensor],
  dy: Tensor,
  { scale }: AttentionAttributes,
): Tensor {
  const rows = [...tops.shape, 1];
  const scores = add(mul(matmul(q, k, { transposeB: true }), scale), mask);
  const p = exp(sub(sub(scores, reshape(tops, rows)), reshape(logs, rows)));
  const delta = sum(mul(dy, o), -1, { keep: true });
  const ds = mul(p, sub(matmul(dy, v, { transposeB: true }), delta));
  const axes = [0, 1, 2].filter((axis) => mask.shape[axis] !== ds.shape[axis]);
  return axes.length ? sum(ds, axes, { keep: true }) : ds;
}

/**
 * softmax(scale q kᵀ + mask) v for each head: q [batch, heads, tokens, size], k and v [batch, heads,
 * keys, size]; the result is as q. Scores are not kept where a head has a multiple of 4 values, 128
 * at most: the backward pass takes them again (Dao et al. 2022).
 * @throws where the shapes do not fit
 */
export const attention = (
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor => attend(attentionOp, q, k, v, options);

/** The same without its derivative. */
export const attentionForward: typeof attention = (q, k, v, options = {}) =>
  attend(attentionForwardOp, q, k, v, options);

function attend(
  by: Op<AttentionAttributes>,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask, scale }: AttentionOptions,
): Tensor {
  const mistake = (rule: string) =>
    new Error(`attention: ${rule}, got q ${show(q.shape)}, k ${show(k.shape)}, v ${show(v.shape)}`);
  if (q.shape.length !== 4)
    throw mistake('q must be [batch, heads, tokens, size], so reshape and transpose it');
  const [batch, heads, tokens, size] = q.shape as [number, number, number, number];
  const keys = k.shape[2];
  if (k.shape.join() !== [batch, heads, keys, size].join() || v.shape.join() !== k.shape.join())
    throw mistake('k and v must be [batch, heads, keys, size] with the batch, heads and size of q');
  if (sizeOf(q.shape) === 0 || keys === 0) throw mistake('there must be a query and a key');
  const fits = [batch, heads, tokens].every((n, i) => [1, n].includes(mask?.shape[i] ?? 1));
  if (mask && (mask.shape.length !== 4 || !fits || mask.shape[3] !== keys))
    throw new Error(
      `attention: the mask must be [${batch} or 1, ${heads} or 1, ${tokens} or 1, ${keys}], got ${show(mask.shape)}. Reshape it`,
    );
  const a = { scale: scale ?? size ** -0.5, masked: mask !== undefined };
  return call(by, [q, k, v, ...(mask ? [mask] : [])], a)[0]!;
}
