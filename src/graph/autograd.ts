/** Reverse-mode differentiation on the tape: the derivative of a graph is more graph. */

import { batchNormCall, batchNormGradient } from './ops/batch_norm.ts';
import { joinActivations } from './ops/batch_norm_active.ts';
import { elementwiseBackward } from './ops/derivatives.ts';
import { add } from './ops/elementwise.ts';
import { matmulGradient } from './ops/matmul_gradient.ts';
import { sumTo } from './ops/reduce.ts';
import { checkCap } from './plan_memory.ts';
import { constant, currentTape, type Gradients, show, type Tensor } from './trace.ts';

const needed: Gradients = {
  sumTo,
  elementwise: elementwiseBackward,
  matmul: matmulGradient,
  batchNorm: batchNormCall,
  batchNormBackward: batchNormGradient,
  joinActivations,
  checkCap,
};

/**
 * Gradients of `loss`, a single value, with respect to each of `wrt`. Walks the op calls that led
 * to it backwards and appends more. A tensor that the loss does not depend on has gradient zero.
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.size !== 1)
    throw new Error(
      `grad: the loss must be one value, got ${show(loss.shape)}. Take its mean or sum`,
    );
  return vjp(loss, constant([1], loss.shape), wrt);
}

/** The vector-Jacobian product: as {@link grad}, where dy is the gradient of the loss in y. */
export function vjp(y: Tensor, dy: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const tape = currentTape();
  tape.gradients = needed;
  const reached = reachable(wrt, tape.calls.length);
  const gradients = new Map<Tensor, Tensor>([[y, dy]]);
  const calls = tape.calls.slice();
  const { part } = tape;
  tape.part ??= 'backward';

  for (const call of calls.reverse()) {
    if (!reached.calls.has(call.index)) continue;
    const dy = call.outputs.map((y) => gradients.get(y) ?? null);
    if (dy.every((d) => d === null)) continue;
    const { op, inputs: x, outputs: y, attributes: a } = call;
    if (!op.backward)
      throw new Error(
        `grad: ${op.name} has no derivative. Import it of kinegrad, not of kinegrad/forward, or keep it out of what the loss depends on`,
      );
    const dx = op.backward(dy, { x, y, a, gradients: needed });
    x.forEach((input, i) => {
      const received = dx[i];
      if (!received || !reached.tensors.has(input)) return;
      const before = gradients.get(input);
      gradients.set(input, before ? add(before, received) : received);
    });
  }
  tape.part = part;
  return wrt.map((t) => gradients.get(t) ?? constant(new Float32Array(t.size), t.shape));

  /** Tensors that depend on `wrt`, and the calls between; all others need no gradient. */
  function reachable(from: readonly Tensor[], upTo: number) {
    const tensors = new Set(from);
    const within = new Set<number>();
    for (const { index, inputs, outputs } of tape.calls.slice(0, upTo)) {
      if (!inputs.some((x) => tensors.has(x))) continue;
      within.add(index);
      for (const y of outputs) tensors.add(y);
    }
    return { tensors, calls: within };
  }
}
