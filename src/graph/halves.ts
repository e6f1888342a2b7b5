/** Which results of a program are stored as halves, where it asks for that. */

import { canHalve } from '../gpu/halves.ts';
import { compose } from '../gpu/shader.ts';
import type { Target } from '../kernels/kernel.ts';
import type { Memory } from '../kernels/tensor.ts';
import type { PlannedDispatch } from './plan.ts';
import type { OpCall, Tensor } from './trace.ts';

/** The result whose memory a tensor has: its own, or that which it is a view of. */
export function rootOf(t: Tensor): Tensor {
  const { source } = t;
  return source.kind === 'call' && source.call.op.isView ? rootOf(source.call.inputs[0]!) : t;
}

/**
 * Results of calls whose op allows it and that nobody needs in f32: the program's outputs are read
 * as f32, and optimisers take gradients as they are.
 */
export function halfResults(
  calls: readonly OpCall[],
  outputs: readonly Tensor[],
  stays: (t: Tensor) => boolean,
): Set<Tensor> {
  const whole = new Set(outputs.map(rootOf));
  for (const { op, inputs, attributes } of calls) {
    const shapes = inputs.map(({ shape }) => shape);
    if (op.gradientsOf || op.wantsRange?.(shapes, attributes))
      for (const t of inputs) whole.add(rootOf(t));
  }
  const halves = new Set<Tensor>();
  for (const { op, inputs, outputs } of calls) {
    if (op.followsHalves && !inputs.some((t) => halves.has(rootOf(t)))) continue;
    for (const t of (op.halves ?? []).flatMap((i) => outputs[i] ?? []))
      if (isLarge(t) && !whole.has(t) && !stays(t)) halves.add(t);
  }
  return halves;
}

/** Numbers and lists of them, such as losses and their scale, take little memory and much range. */
const isLarge = ({ shape, dtype }: Tensor) => dtype === 'f32' && shape.length > 1;

/** Bindings begin at multiples of 256 bytes. */
const HALVES_APART = 128;

/** Memory of halves that some dispatch cannot bind as such. */
export function unfitHalves(dispatches: readonly PlannedDispatch[], { halfForm }: Target) {
  const unfit = new Set<Memory>();
  for (const { kernel, constants, editions, halves, operands } of dispatches) {
    if (halves.length === 0) continue;
    const { code } = compose(kernel, constants, editions);
    for (const { name, writes } of kernel.storage) {
      if (!halves.includes(name)) continue;
      const { memory, offset } = operands[name]!;
      if (!canHalve(code, name, halfForm, writes) || offset % HALVES_APART > 0) unfit.add(memory);
    }
  }
  return unfit;
}
