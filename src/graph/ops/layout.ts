/** Ops that move values: reshape, transpose, broadcast, slice, concat, pad, gather. */

import { gatherBackward, gather as gatherKernel } from '../../kernels/gather.ts';
import { copy, fill, stridesOf } from '../../kernels/layout.ts';
import { type Operand, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { call1, op, show, type Tensor } from '../trace.ts';
import { axesOf } from './reduce.ts';

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((n, i) => n === b[i]);

const reshapeOp = /* @__PURE__ */ op<{ shape: Shape }>('reshape', {
  integers: true,
  shape: (_, { shape }) => [shape],
  isView: true,
  backward: ([dy], { x: [x] }) => [reshape(dy!, x!.shape)],
});

/**
 * The same elements in the same order under another shape; one size may be -1 and follows from the
 * others.
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = sizeOf(shape.filter((n) => n !== -1));
  const full = shape.map((n) => (n === -1 ? x.size / known : n));
  if (sizeOf(full) !== x.size || full.some((n) => !Number.isInteger(n)))
    throw new Error(
      `reshape: ${show(x.shape)} has ${x.size} elements, ${show(shape)} has another number`,
    );
  return same(full, x.shape) ? x : call1(reshapeOp, [x], { shape: full });
}

const transposeOp = /* @__PURE__ */ op<{ order: readonly number[] }>('transpose', {
  integers: true,
  halves: [0],
  followsHalves: true,
  shape: ([x], { order }) => [order.map((axis) => x![axis]!)],
  lower: ({ inputs: [x], outputs: [y], target, emit }, { order }) => {
    const from = stridesOf(x!.shape);
    const strides = order.map((axis) => from[axis]!);
    emit(copy(target, { x: x!, y: y! }, box(y!.shape, strides, stridesOf(y!.shape))));
  },
  backward: ([dy], { a: { order } }) => [
    transpose(
      dy!,
      order.map((_, i) => order.indexOf(i)),
    ),
  ],
});

const box = (shape: Shape, x: Shape, y: Shape, xFirst = 0, yFirst = 0) => ({
  shape,
  x: { first: xFirst, strides: x },
  y: { first: yFirst, strides: y },
});

/** Axis i of the result is axis order[i] of x; without an order the axes are reversed. */
export function transpose(
  x: Tensor,
  order: readonly number[] = x.shape.map((_, i) => x.shape.length - 1 - i),
): Tensor {
  const axes = axesOf('transpose', x.shape, order);
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length)
    throw new Error(
      `transpose: [${order.join(', ')}] must name each axis of ${show(x.shape)} once`,
    );
  return axes.every((axis, i) => axis === i) ? x : call1(transposeOp, [x], { order: axes });
}

const broadcastOp = /* @__PURE__ */ op<{ shape: Shape }>('broadcastTo', {
  integers: true,
  halves: [0],
  followsHalves: true,
  shape: (_, { shape }) => [shape],
  lower: ({ inputs: [x], outputs: [y], target, emit }) => {
    const shape = y!.shape;
    const lead = shape.length - x!.shape.length;
    const from = stridesOf(x!.shape);
    const strides = shape.map((_, i) =>
      i < lead || x!.shape[i - lead] === 1 ? 0 : from[i - lead]!,
    );
    emit(copy(target, { x: x!, y: y! }, box(shape, strides, stridesOf(shape))));
  },
  backward: ([dy], { x: [x], gradients }) => [gradients.sumTo(dy!, x!.shape)],
});

/** x repeated along axes of size 1, and along new leading axes. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (same(x.shape, shape)) return x;
  const lead = shape.length - x.shape.length;
  if (lead < 0 || x.shape.some((n, i) => n !== 1 && n !== shape[i + lead]))
    throw new Error(
      `broadcastTo: ${show(x.shape)} does not broadcast to ${show(shape)}: sizes must be equal or 1. Reshape or transpose it`,
    );
  if (x.size === sizeOf(shape)) return reshape(x, shape);
  return call1(broadcastOp, [x], { shape });
}

const sliceOp = /* @__PURE__ */ op<{ begin: Shape; size: Shape }>('slice', {
  integers: true,
  halves: [0],
  followsHalves: true,
  shape: (_, { size }) => [size],
  lower: ({ inputs: [x], outputs: [y], target, emit }, { begin, size }) => {
    const strides = stridesOf(x!.shape);
    const first = begin.reduce((sum, b, i) => sum + b * strides[i]!, 0);
    emit(copy(target, { x: x!, y: y! }, box(size, strides, stridesOf(size), first)));
  },
  backward: ([dy], { x: [x], a: { begin, size } }) => [
    pad(
      dy!,
      begin.map((b, i) => [b, x!.shape[i]! - b - size[i]!] as const),
    ),
  ],
});

/** Elements begin[i] to begin[i] + size[i] along each axis. */
export function slice(x: Tensor, begin: Shape, size: Shape): Tensor {
  const inside = x.shape.every(
    (n, i) => begin[i]! >= 0 && size[i]! > 0 && begin[i]! + size[i]! <= n,
  );
  if (begin.length !== x.shape.length || size.length !== x.shape.length || !inside)
    throw new Error(
      `slice: ${show(begin)} and ${show(size)} do not lie within ${show(x.shape)}: begin + size must not exceed it. Make the slice smaller`,
    );
  return same(size, x.shape) ? x : call1(sliceOp, [x], { begin, size });
}

type Padding = readonly (readonly [before: number, after: number])[];

const padOp = /* @__PURE__ */ op<{ padding: Padding; value: number }>('pad', {
  halves: [0],
  followsHalves: true,
  shape: ([x], { padding }) => [x!.map((n, i) => n + padding[i]![0] + padding[i]![1])],
  lower: ({ inputs: [x], outputs: [y], run, target, emit }, { padding, value }) => {
    const strides = stridesOf(y!.shape);
    const first = padding.reduce((sum, [before], i) => sum + before * strides[i]!, 0);
    run(fill, { y: view(y!, [sizeOf(y!.shape)]) }, { value });
    emit(copy(target, { x: x!, y: y! }, box(x!.shape, stridesOf(x!.shape), strides, 0, first)));
  },
  backward: ([dy], { x: [x], a: { padding } }) => [
    slice(
      dy!,
      padding.map(([before]) => before),
      x!.shape,
    ),
  ],
});

/** x with `padding[i]` = [before, after] elements of `value` around it along each axis. */
export function pad(x: Tensor, padding: Padding, value = 0): Tensor {
  if (padding.length !== x.shape.length || padding.some(([a, b]) => !(a >= 0 && b >= 0)))
    throw new Error(
      `pad: ${show(x.shape)} needs ${x.shape.length} pairs of sizes, none negative. Give [before, after] for each axis`,
    );
  return padding.every(([a, b]) => a + b === 0) ? x : call1(padOp, [x], { padding, value });
}

const concatOp = /* @__PURE__ */ op<{ axis: number }>('concat', {
  integers: true,
  halves: [0],
  followsHalves: true,
  shape: (shapes, { axis }) => {
    const [first] = shapes as [Shape];
    for (const shape of shapes)
      if (shape.length !== first.length || shape.some((n, i) => i !== axis && n !== first[i]))
        throw new Error(
          `concat: ${shapes.map(show).join(', ')} differ beside axis ${axis}. All other sizes must be the same`,
        );
    const total = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
    return [first.map((n, i) => (i === axis ? total : n))];
  },
  lower: ({ inputs, outputs: [y], target, emit }, { axis }) => {
    const strides = stridesOf(y!.shape);
    let at = 0;
    for (const x of inputs) {
      const lies = box(x.shape, stridesOf(x.shape), strides, 0, at * strides[axis]!);
      emit(copy(target, { x, y: y as Operand }, lies));
      at += x.shape[axis]!;
    }
  },
  backward: ([dy], { x, a: { axis } }) => {
    let at = 0;
    return x.map(({ shape }) => {
      const begin = shape.map((_, i) => (i === axis ? at : 0));
      at += shape[axis]!;
      return slice(dy!, begin, shape);
    });
  },
});

/** Tensors one after another along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (!first) throw new Error('concat: no tensors. Give one or more');
  const [own] = axesOf('concat', first.shape, axis) as [number];
  return tensors.length === 1 ? first : call1(concatOp, tensors, { axis: own });
}

const gatherOp = /* @__PURE__ */ op('gather', {
  integers: true,
  halves: [0],
  followsHalves: true,
  shape: ([table, index]) => [[...index!, ...table!.slice(1)]],
  lower: ({ inputs: [table, index], outputs: [y], run }) => {
    const columns = sizeOf(table!.shape.slice(1));
    const count = sizeOf(index!.shape);
    run(
      gatherKernel,
      {
        table: view(table!, [table!.shape[0]!, columns]),
        index: view(index!, [count]),
        y: view(y!, [count, columns]),
      },
      undefined,
    );
  },
  backward: ([dy], { x: [table, index] }) => [
    call1(gatherBackwardOp, [dy!, index!], { shape: table!.shape }),
    null,
  ],
});

const gatherBackwardOp = /* @__PURE__ */ op<{ shape: Shape }>('gatherBackward', {
  integers: true,
  shape: (_, { shape }) => [shape],
  lower: ({ inputs: [dy, index], outputs: [dtable], run }, { shape }) => {
    const columns = sizeOf(shape.slice(1));
    const count = sizeOf(index!.shape);
    run(
      gatherBackward,
      {
        dy: view(dy!, [count, columns]),
        index: view(index!, [count]),
        dtable: view(dtable!, [shape[0]!, columns]),
      },
      undefined,
    );
  },
});

/**
 * Entries of `table` along its first axis, by an index of integers (an input of type `u32`) of any
 * shape.
 */
export function gather(table: Tensor, index: Tensor): Tensor {
  if (index.dtype !== 'u32')
    throw new Error(
      `gather: the index must be of integers, got ${index.dtype} ${show(index.shape)}. Declare the input as u32`,
    );
  return call1(gatherOp, [table, index], undefined);
}
