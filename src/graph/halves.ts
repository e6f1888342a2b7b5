/** Which results of a program are stored as halves, where it asks for that. */

import { canHalve, withHalves } from '../gpu/halves.ts';
import { compose } from '../gpu/shader.ts';
import type { Target } from '../kernels/kernel.ts';
import { copy, stridesOf } from '../kernels/layout.ts';
import type { Memory } from '../kernels/tensor.ts';
import type { HalfStorage, PlannedDispatch } from './plan.ts';
import type { Preparation } from './preparation.ts';
import type { Graph } from './prune.ts';
import { call1, type Op, op, type Tensor } from './trace.ts';

/** The result whose memory a tensor has: its own, or that which it is a view of. */
function rootOf(t: Tensor): Tensor {
  const { source } = t;
  return source.kind === 'call' && source.call.op.isView ? rootOf(source.call.inputs[0]!) : t;
}

/**
 * Results of calls whose op allows it and that nobody needs in f32: the program's outputs are read
 * as f32, and optimisers take gradients as they are.
 */
function results(graph: Graph, prepared: Preparation, stays: (t: Tensor) => boolean): Set<Tensor> {
  const { calls: all, outputs } = graph.plain ?? graph;
  const calls = all.filter((call) => !prepared.calls.has(call));
  const whole = new Set([...outputs, ...prepared.results].map(rootOf));
  for (const { op, inputs, attributes } of calls) {
    const shapes = inputs.map(({ shape }) => shape);
    if (op.gradientsOf || op.wantsRange?.(shapes, attributes))
      for (const t of inputs) whole.add(rootOf(t));
  }
  const halves = new Set<Tensor>();
  for (const { op, inputs, outputs: made } of calls) {
    if (op.followsHalves && !inputs.some((t) => halves.has(rootOf(t)))) continue;
    for (const t of (op.halves ?? []).flatMap((i) => made[i] ?? []))
      if (isLarge(t) && !whole.has(t) && !stays(t)) halves.add(t);
  }
  return halves;
}

/** Numbers and lists of them, such as losses and their scale, take little memory and much range. */
const isLarge = ({ shape, dtype }: Tensor) => dtype === 'f32' && shape.length > 1;

/** Bindings begin at multiples of 256 bytes. */
const HALVES_APART = 128;

function bind(dispatches: readonly PlannedDispatch[], { hasF16 }: Target): readonly Memory[] {
  const form = hasF16 ? 'f16' : 'packed';
  const unfit = new Set<Memory>();
  for (const dispatch of dispatches) {
    const { kernel, constants, editions, operands } = dispatch;
    const halves = kernel.storage.filter(({ name }) => operands[name]!.memory.half);
    if (halves.length === 0) continue;
    const { code } = compose(kernel, constants, editions);
    for (const { name, writes } of halves) {
      const { memory, offset } = operands[name]!;
      if (!canHalve(code, name, form, writes) || offset % HALVES_APART > 0) unfit.add(memory);
    }
    const names = halves.map(({ name }) => name);
    dispatch.storage = {
      name: `halves in ${names.join(' ')}`,
      convert: (code) => withHalves(code, names, form),
    };
  }
  return [...unfit];
}

/**
 * Results between ops stored as halves, for `compile` and trainings: the type f16 where the device
 * has it, two to a word elsewhere. Each load is converted to f32 and each store rounded; products
 * and sums are f32. Matrices and images of the ops that make large ones are stored so, with what is
 * computed elementwise of them; what reductions along the last axis take is not, since squares and
 * exponentials leave the range of halves.
 */
export const f16: HalfStorage = { results, bind };

const halvedOp: Op<void> = /* @__PURE__ */ op('halved', {
  halves: [0],
  shape: ([x]) => [x!],
  lower: ({ inputs: [x], outputs: [y], target, emit }) => {
    const lies = { first: 0, strides: stridesOf(x!.shape) };
    emit(copy(target, { x: x!, y: y! }, { shape: x!.shape, x: lies, y: lies }));
  },
  backward: ([dy]) => [halved(dy!)],
});

/**
 * The same values and, in gradients, the same again: a copy, which programs with storage {@link f16}
 * keep as halves. For inputs that are read many times.
 */
export const halved = (x: Tensor): Tensor => call1(halvedOp, [x], undefined);
