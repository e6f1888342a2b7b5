/**
 * A typical call of every kernel: what its binding in `src/kernels` makes of it on a device, as
 * overrides, editions, parameters and workgroups.
 */

import { grad } from '../../src/graph/autograd.ts';
import { type InputSpec, symbolsOf, type Traced } from '../../src/graph/inputs.ts';
import { attention } from '../../src/graph/ops/attention.ts';
import { add, dropout, gelu, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { gather, pad, transpose } from '../../src/graph/ops/layout.ts';
import { adamW, sgdMomentum } from '../../src/graph/ops/optimiser.ts';
import { max, sum } from '../../src/graph/ops/reduce.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { makePlan, type PlannedDispatch } from '../../src/graph/plan.ts';
import { type Tensor, trace } from '../../src/graph/trace.ts';
import { type AttentionVariant, attentionTunable } from '../../src/kernels/attention.ts';
import type { Target } from '../../src/kernels/kernel.ts';
import { matmulFits, matmulSizes, matmulVariants } from '../../src/kernels/matmul.ts';
import { type Operand, type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { batchNormLayer, dense, modelVariables } from '../../src/models/layers.ts';

/** By file: the first dispatch of it among small programs that call every op, forward and back. */
export function typicalCalls(target: Target): ReadonlyMap<string, PlannedDispatch> {
  const found = new Map<string, PlannedDispatch>();
  const all = [...variantsOfMatmul(target), ...programs.flatMap((planned) => planned(target))];
  for (const dispatch of all) {
    const { file } = dispatch.kernel;
    if (!found.has(file)) found.set(file, dispatch);
  }
  return found;
}

/** Every variant of a product that this device can run, chosen or not. */
function variantsOfMatmul(target: Target): PlannedDispatch[] {
  const attributes = { transposeA: false, transposeB: false, stages: [], accumulate: false };
  return Object.entries(matmulVariants).flatMap(([name, variant]) => {
    const m = name === 'row' ? 1 : 512;
    const k = name === 'outer' ? 1 : 512;
    const a = operand('a', [m, k]);
    const b = operand('b', [k, 512]);
    const t = { a, b, y: operand('y', [m, 512]), e0: a, e1: a, e2: a, e3: a };
    const sizes = matmulSizes(t, attributes);
    if (!matmulFits(name as keyof typeof matmulVariants, target, sizes)) return [];
    return variant(target, t, attributes).map((made) => ({
      ...made,
      op: 'matmul',
      update: false,
      again: false,
    }));
  });
}

const operand = (name: string, shape: Shape): Operand => ({
  memory: { name, size: sizeOf(shape) },
  offset: 0,
  shape,
});

function program<const I extends Readonly<Record<string, InputSpec>>>(
  inputs: I,
  f: (inputs: Traced<I>) => Readonly<Record<string, Tensor>>,
) {
  return (target: Target): readonly PlannedDispatch[] => {
    const symbols = symbolsOf(inputs);
    const { tape, result } = trace(() => f(symbols));
    return makePlan(tape, symbols, result, target).dispatches;
  };
}

/** y, and the gradient of some loss of it by each of `wrt`. */
const both = (y: Tensor, wrt: readonly Tensor[]) => ({
  y,
  ...Object.fromEntries(grad(sum(mul(y, y)), wrt).map((d, i) => [`gradient ${i}`, d])),
});

const WIDE = [1024, 1024] as const;
/** Batch and heads. */
const HEADS = [1, 12] as const;

const programs = [
  program({ x: WIDE, b: [1024] }, ({ x, b }) => ({ y: mul(gelu(add(x, b)), x) })),
  // Many rows and few: kernels that give each row a thread or a workgroup.
  ...[4096, 16].flatMap((rows) => [
    program({ x: [rows, 256] }, ({ x }) => both(softmax(x), [x])),
    program({ x: [rows, 256], scale: [256], shift: [256] }, ({ x, scale, shift }) =>
      both(layerNorm(x, scale, shift), [x, scale, shift]),
    ),
  ]),
  program({ x: WIDE }, ({ x }) => ({ rows: sum(x, 1) })),
  program({ x: WIDE }, ({ x }) => ({ columns: max(x, 0) })),
  program({ table: [256, 1024], index: { shape: [1024], dtype: 'u32' } }, ({ table, index }) =>
    both(gather(table, index), [table]),
  ),
  program({ x: WIDE }, ({ x }) => ({ y: transpose(x) })),
  program({ x: [1023, 1023] }, ({ x }) => ({ y: transpose(x) })),
  program({ x: WIDE }, ({ x }) => ({
    y: pad(x, [
      [0, 0],
      [1, 1],
    ]),
  })),
  // Every variant of attention that this device can run.
  ...Object.keys(attentionTunable.variants).map((name) => (target: Target) => {
    const tokens = [577, 17].find((n) =>
      attentionTunable.fits(name as AttentionVariant, target, [...HEADS, n, n, 64, 0, 0]),
    );
    if (tokens === undefined) return [];
    const shape = [...HEADS, tokens, 64];
    const attended = program({ q: shape, k: shape, v: shape }, ({ q, k, v }) =>
      both(attention(q, k, v), [q, k, v]),
    );
    return attended({ ...target, told: { ...target.told, attention: name } });
  }),
  trained((loss, set) => adamW(loss, set, { rate: 1e-3, clip: 1, microBatches: 2 })),
  trained((loss, set) => sgdMomentum(loss, set, { rate: 1e-3 })),
];

/** A training step of a layer as in the lifters: 64 rows, 1024 wide. */
function trained(update: (loss: Tensor, set: Parameters<typeof adamW>[1]) => object) {
  const model = modelVariables('layer');
  const layer = dense(model, 'dense', [1024, 1024], { bias: false });
  const norm = batchNormLayer(model, 'norm', 1024);
  return program({ x: [64, 1024] }, ({ x }) => {
    const y = dropout(relu(norm(layer(x), { training: true })), 0.5);
    const loss = sum(mul(y, y));
    update(loss, model.parameters);
    return { loss };
  });
}
