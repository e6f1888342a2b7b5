/** Reductions over any axes. */

import type { Target } from '../../kernels/kernel.ts';
import {
  type Reduction,
  reduceRows,
  reduceShortRows,
  reduceStrided,
} from '../../kernels/reduce.ts';
import { type Operand, rows, type Shape, sizeOf, view } from '../../kernels/tensor.ts';
import { threadForRow } from '../../kernels/thread_rows.ts';
import { blockSize } from '../../kernels/walk.ts';
import { call1, type Lowering, op, show, type Tensor } from '../trace.ts';
import { add, div, equal, exp, log, maximum, mul, sqrt, sub } from './elementwise.ts';
import { broadcastTo, reshape } from './layout.ts';

interface ReduceAttributes {
  readonly op: Reduction;
  /** Reduced axes, ascending. */
  readonly axes: readonly number[];
}

/** Rows are few, and long, where it pays to cut them. */
const FEW_ROWS = 16;
const long = ({ kind }: Target) => (kind === 'hardware' ? 64 : 4096);

const reduceOp = /* @__PURE__ */ op<ReduceAttributes>('reduce', {
  // Squares and exponentials, of which losses and lengths are made; sums for biases leave the last axis.
  wantsRange: ([x], { axes }) => axes.includes(x!.length - 1),
  shape: ([x], { axes }) => [x!.filter((_, i) => !axes.includes(i))],
  lower: (context, { op, axes }) => {
    const [x] = context.inputs as [Operand];
    const [y] = context.outputs as [Operand];
    // One group of neighbouring axes after another, the last first.
    const groups = groupsOf(x.shape, axes);
    groups.reduce((from, { outer, reduced, inner }, i) => {
      const last = i === groups.length - 1;
      const to = last ? y : context.scratch('partial', [outer * inner]);
      reduceGroup(context, op, from, to, outer, reduced, inner);
      return to;
    }, x);
  },
  backward: ([dy], { x: [x], y: [y], a: { op, axes } }) => {
    const kept = x!.shape.map((n, i) => (axes.includes(i) ? 1 : n));
    const wide = (t: Tensor) => broadcastTo(reshape(t, kept), x!.shape);
    if (op === 'sum') return [wide(dy!)];
    // Where several values are the extreme one, each gets its share of the gradient, as in
    // PyTorch's amax.
    const here = equal(x!, wide(y!));
    return [mul(here, wide(div(dy!, reduce('sum', here, axes, false))))];
  },
});

/** [outer, reduced, inner] of each group of neighbouring reduced axes, the last first. */
function groupsOf(shape: Shape, axes: readonly number[]) {
  const groups: { outer: number; reduced: number; inner: number }[] = [];
  let inner = 1;
  for (let end = shape.length; end > 0; ) {
    if (!axes.includes(end - 1)) inner *= shape[--end]!;
    else {
      let start = end;
      while (start > 0 && axes.includes(start - 1)) start--;
      groups.push({
        outer: sizeOf(shape.slice(0, start)),
        reduced: sizeOf(shape.slice(start, end)),
        inner,
      });
      end = start;
    }
  }
  return groups;
}

/** y [outer, inner] from x [outer, reduced, inner]. */
export function reduceGroup(
  context: Pick<Lowering, 'run' | 'scratch' | 'target'>,
  op: Reduction,
  x: Operand,
  y: Operand,
  outer: number,
  reduced: number,
  inner: number,
): void {
  const most = rowsOfBinding(context.target.maxBinding, inner);
  if (outer === 1 && reduced > most && most > 0) {
    reduceParts(context, op, x, y, reduced, inner, most);
    return;
  }
  if (inner === 1 && outer < FEW_ROWS && reduced >= long(context.target)) {
    // A few very long rows are cut into many, so that all cores have work.
    const parts = partsOf(reduced);
    const cut = view(x, [outer * parts, reduced / parts]);
    if (parts === 1) {
      context.run(reduceRows, { x: cut, y: view(y, [outer]) }, { op });
      return;
    }
    const partial = context.scratch('partial', [outer * parts]);
    context.run(reduceRows, { x: cut, y: partial }, { op });
    reduceGroup(context, op, partial, y, outer, parts, 1);
    return;
  }
  if (inner === 1 && outer > 1) {
    const rows = view(x, [outer, reduced]);
    const kernel = threadForRow(context.target, rows) ? reduceShortRows : reduceRows;
    context.run(kernel, { x: rows, y: view(y, [outer]) }, { op });
    return;
  }
  const block = blockSize(context.target, reduced, Math.ceil(inner / 4));
  const blocks = Math.ceil(reduced / block);
  const attributes = { op, accumulate: false };
  if (outer > 1 || blocks === 1 || outer * inner > 65_536) {
    const shape = outer > 1 ? [outer, reduced, inner] : [reduced, inner];
    const operands = { x: view(x, shape), y: view(y, [outer, inner]) };
    context.run(reduceStrided, operands, { ...attributes, block: reduced });
    return;
  }
  const partial = context.scratch('partial', [blocks, inner]);
  const operands = { x: view(x, [reduced, inner]), y: partial };
  context.run(reduceStrided, operands, { ...attributes, block });
  reduceGroup(context, op, partial, y, 1, blocks, inner);
}

/**
 * y [inner] from x [reduced, inner], `most` rows after another: each part on its own, and added to
 * what y holds.
 */
function reduceParts(
  context: Pick<Lowering, 'run' | 'scratch' | 'target'>,
  op: Reduction,
  x: Operand,
  y: Operand,
  reduced: number,
  inner: number,
  most: number,
) {
  const all = view(x, [reduced, inner]);
  for (let first = 0; first < reduced; first += most) {
    const count = Math.min(most, reduced - first);
    const part = first === 0 ? y : context.scratch('partial', [inner]);
    reduceGroup(context, op, rows(all, first, count), part, 1, count, inner);
    if (first === 0) continue;
    const operands = { x: view(part, [1, inner]), y: view(y, [1, inner]) };
    context.run(reduceStrided, operands, { op, block: 1, accumulate: true });
  }
}

/**
 * How many rows of so many values fit a binding, where the next ones begin at a multiple of 64
 * elements.
 */
function rowsOfBinding(maxBinding: number, inner: number): number {
  let step = 64;
  while (step > 1 && (inner * step) % 128 === 0) step /= 2;
  return Math.floor(maxBinding / (4 * inner * step)) * step;
}

/** Into how many equal parts a long row is cut: a power of two, with at least 1,024 values each. */
function partsOf(size: number): number {
  let parts = 1;
  while (parts < 256 && size % (2 * parts) === 0 && size / (2 * parts) >= 1024) parts *= 2;
  return parts;
}

/** Axes as given, negative ones counted from the end; all of them where none are. */
export function axesOf(name: string, shape: Shape, axes?: number | readonly number[]): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  return [axes].flat().map((axis) => {
    const at = axis < 0 ? axis + shape.length : axis;
    if (shape.length === 0) throw new Error(`${name}: ${show(shape)} has no axes. Reshape it`);
    if (!(at >= 0 && at < shape.length))
      throw new Error(
        `${name}: ${show(shape)} has no axis ${axis}; use ${-shape.length} to ${shape.length - 1}`,
      );
    return at;
  });
}

function reduce(op: Reduction, x: Tensor, axes: readonly number[], keep: boolean): Tensor {
  const sorted = [...new Set(axes)].sort((a, b) => a - b);
  if (sizeOf(sorted.map((i) => x.shape[i]!)) === 0)
    throw new Error(`${op}: ${show(x.shape)} has no elements along the axes [${axes.join(', ')}]`);
  const kept = x.shape.map((n, i) => (sorted.includes(i) ? 1 : n));
  const y = sorted.every((i) => x.shape[i] === 1)
    ? reshape(
        x,
        x.shape.filter((_, i) => !sorted.includes(i)),
      )
    : call1(reduceOp, [x], { op, axes: sorted });
  return keep ? reshape(y, kept) : y;
}

interface ReduceOptions {
  /** Keep reduced axes as axes of size 1. */
  keep?: boolean;
}
type Axes = number | readonly number[] | undefined;

/** Sum over the given axes, or over all. */
export const sum = (x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor =>
  reduce('sum', x, axesOf('sum', x.shape, axes), keep);

/** Mean over the given axes, or over all. */
export function mean(x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor {
  const list = axesOf('mean', x.shape, axes);
  const count = sizeOf([...new Set(list)].map((i) => x.shape[i]!));
  return mul(reduce('sum', x, list, keep), 1 / count);
}

/** Maximum over the given axes, or over all. Equal maxima share the gradient. */
export const max = (x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor =>
  reduce('max', x, axesOf('max', x.shape, axes), keep);

/** Minimum over the given axes, or over all. Equal minima share the gradient. */
export const min = (x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor =>
  reduce('min', x, axesOf('min', x.shape, axes), keep);

/**
 * log Σ exp(x) over the given axes, or over all; the maximum is taken out, so that exp stays
 * finite.
 */
export function logSumExp(x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor {
  const list = [...new Set(axesOf('logSumExp', x.shape, axes))].sort((a, b) => a - b);
  const y = call1(logSumExpOp, [x], { axes: list });
  return keep
    ? y
    : reshape(
        y,
        x.shape.filter((_, i) => !list.includes(i)),
      );
}

const logSumExpOp = /* @__PURE__ */ op<{ axes: readonly number[] }>('logSumExp', {
  shape: ([x], { axes }) => [x!.map((n, i) => (axes.includes(i) ? 1 : n))],
  expand: ([x], { axes }) => {
    const top = max(x!, axes, { keep: true });
    return [add(log(sum(exp(sub(x!, broadcastTo(top, x!.shape))), axes, { keep: true })), top)];
  },
  // dx = dy exp(x - y)
  backward: ([dy], { x: [x], y: [y] }) => [
    mul(exp(sub(x!, broadcastTo(y!, x!.shape))), broadcastTo(dy!, x!.shape)),
  ],
});

/** Euclidean length √Σx² over one axis. At length 0 the gradient is 0. */
export const norm = (x: Tensor, axis = -1): Tensor =>
  call1(normOp, [x], { axis: axesOf('norm', x.shape, axis)[0]! });

const normOp = /* @__PURE__ */ op<{ axis: number }>('norm', {
  shape: ([x], { axis }) => [x!.filter((_, i) => i !== axis)],
  expand: ([x], { axis }) => [sqrt(sum(mul(x!, x!), axis))],
  // dx = dy x / |x|; the floor only matters where all squares vanish in f32, and x is no larger
  // than it.
  backward: ([dy], { x: [x], y: [y], a: { axis } }) => {
    const kept = x!.shape.map((n, i) => (i === axis ? 1 : n));
    const scale = div(dy!, maximum(y!, 1e-19));
    return [mul(x!, reshape(scale, kept))];
  },
});

/** Sums a gradient over the axes along which its value was broadcast. */
export function sumTo(dy: Tensor, shape: Shape): Tensor {
  if (dy.shape.length === shape.length && dy.shape.every((n, i) => n === shape[i])) return dy;
  const lead = dy.shape.length - shape.length;
  const axes = dy.shape.map((_, i) => i).filter((i) => i < lead || shape[i - lead] !== dy.shape[i]);
  return reshape(axes.length ? sum(dy, axes) : dy, shape);
}
