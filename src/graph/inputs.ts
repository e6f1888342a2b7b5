/** Inputs of a program: how they are declared, checked and written. */

import type { DType, Memory, Shape } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';
import type { Plan } from './plan.ts';
import { show, type Tensor, tensor } from './trace.ts';

/** An input: a shape of f32, or a shape and a type. */
export type InputSpec = Shape | { readonly shape: Shape; readonly dtype: DType };

/** Values of inputs by name. */
export type Batch<I> = Readonly<Record<keyof I, ArrayLike<number>>>;

/** Inputs as tensors of a graph. */
export type Traced<I> = { readonly [K in keyof I]: Tensor };

/** Tensors that stand for inputs. */
export function symbolsOf<I extends Readonly<Record<string, InputSpec>>>(inputs: I): Traced<I> {
  const symbols = Object.entries(inputs).map(([name, spec]) => {
    const { shape, dtype } = 'shape' in spec ? spec : { shape: spec, dtype: 'f32' as const };
    return [name, tensor(shape, { kind: 'input', name }, dtype)];
  });
  return Object.fromEntries(symbols);
}

/** Throws unless a batch has all inputs of a plan, each of its size. */
export function checkBatch<I>({ inputs }: Plan, batch: Batch<I>): void {
  for (const [name, { operand }] of Object.entries(inputs)) {
    const given = batch[name as keyof I]?.length;
    const size = sizeOf(operand.shape);
    if (given !== size)
      throw new Error(
        `run: input ${name} ${show(operand.shape)} takes ${size} values, got ${given ?? 'none'}`,
      );
  }
}

/** Queues the writing of a batch. */
export function writeBatch<I>(
  queue: GPUQueue,
  { inputs }: Plan,
  buffers: ReadonlyMap<Memory, GPUBuffer>,
  batch: Batch<I>,
): void {
  for (const [name, { operand, dtype }] of Object.entries(inputs)) {
    const values = batch[name as keyof I];
    const Kind = dtype === 'f32' ? Float32Array : Uint32Array;
    const typed = values instanceof Kind ? values : Kind.from(values);
    queue.writeBuffer(buffers.get(operand.memory)!, 0, typed as Float32Array<ArrayBuffer>);
  }
}
