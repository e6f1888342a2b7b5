/**
 * Mistakes fail while the graph is traced, before any work on a GPU: with the op, the shapes, the
 * rule and the repair.
 */

import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import * as layout from '../../src/graph/ops/layout.ts';
import { linear, matmul } from '../../src/graph/ops/matmul.ts';
import { max, norm, sum } from '../../src/graph/ops/reduce.ts';
import { constant, type Tensor, tensor, trace } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { interJointLoss, mse, smoothL1 } from '../../src/train/losses.ts';

const f32 = (...shape: number[]) => tensor(shape, { kind: 'input', name: 'x' });
const u32 = (...shape: number[]) => tensor(shape, { kind: 'input', name: 'index' }, 'u32');
const ones = (shape: Shape) => constant(new Float32Array(shape[0]!).fill(1), shape);

const mistakes: [string, () => unknown, string][] = [
  [
    'add',
    () => ops.add(f32(4, 3), f32(4)),
    'add: [4, 3] and [4] do not broadcast, sizes 3 and 4 must be equal or 1. Reshape or transpose one',
  ],
  [
    'select',
    () => ops.select(f32(2), f32(3), 0),
    'select: [2] and [3] do not broadcast, sizes 2 and 3 must be equal or 1. Reshape or transpose one',
  ],
  [
    'dropout',
    () => ops.dropout(f32(3), 1),
    'dropout: the rate must be at least 0 and below 1, got 1',
  ],
  [
    'matmul, b transposed',
    () => matmul(f32(32, 17), f32(64, 17)),
    'matmul: inner sizes differ, [32, 17] x [64, 17]. Transpose b?',
  ],
  [
    'matmul, another size',
    () => matmul(f32(32, 17), f32(16, 64)),
    'matmul: inner sizes differ, [32, 17] x [16, 64]. Transpose one?',
  ],
  [
    'matmul, vectors',
    () => matmul(f32(17), f32(17, 4)),
    'matmul: both must have two axes or more, so reshape a vector to one row or column, [17] x [17, 4]',
  ],
  [
    'matmul, batches',
    () => matmul(f32(2, 3, 4), f32(3, 4, 5)),
    'matmul: batches must be equal or 1, so broadcast or reshape one, [2, 3, 4] x [3, 4, 5]',
  ],
  [
    'linear',
    () => linear(f32(6, 5), f32(5, 7), f32(6)),
    'add: [6, 7] and [6] do not broadcast, sizes 7 and 6 must be equal or 1. Reshape or transpose one',
  ],
  [
    'reshape',
    () => layout.reshape(f32(4, 6), [5, 5]),
    'reshape: [4, 6] has 24 elements, [5, 5] has another number',
  ],
  [
    'reshape to a size that does not divide',
    () => layout.reshape(f32(4, 6), [7, -1]),
    'reshape: [4, 6] has 24 elements, [7, -1] has another number',
  ],
  [
    'transpose',
    () => layout.transpose(f32(2, 3), [0, 0]),
    'transpose: [0, 0] must name each axis of [2, 3] once',
  ],
  [
    'broadcastTo',
    () => layout.broadcastTo(f32(3), [3, 4]),
    'broadcastTo: [3] does not broadcast to [3, 4]: sizes must be equal or 1. Reshape or transpose it',
  ],
  [
    'slice',
    () => layout.slice(f32(4, 5), [0, 3], [4, 3]),
    'slice: [0, 3] and [4, 3] do not lie within [4, 5]: begin + size must not exceed it. Make the slice smaller',
  ],
  [
    'slice of nothing',
    () => layout.slice(f32(4), [2], [0]),
    'slice: [2] and [0] do not lie within [4]: begin + size must not exceed it. Make the slice smaller',
  ],
  [
    'pad',
    () => layout.pad(f32(2, 3), [[1, 1]]),
    'pad: [2, 3] needs 2 pairs of sizes, none negative. Give [before, after] for each axis',
  ],
  [
    'concat',
    () => layout.concat([f32(2, 3), f32(2, 4)], 0),
    'concat: [2, 3], [2, 4] differ beside axis 0. All other sizes must be the same',
  ],
  ['concat of none', () => layout.concat([]), 'concat: no tensors. Give one or more'],
  [
    'gather',
    () => layout.gather(f32(5, 2), f32(3)),
    'gather: the index must be of integers, got f32 [3]. Declare the input as u32',
  ],
  ['sum', () => sum(f32(2, 3), 2), 'sum: [2, 3] has no axis 2; use -2 to 1'],
  ['max', () => max(f32(2, 3), -3), 'max: [2, 3] has no axis -3; use -2 to 1'],
  ['norm of a single value', () => norm(f32()), 'norm: [] has no axes. Reshape it'],
  [
    'batchNorm, channels',
    () => batchNorm(f32(8, 4), norms(3), { training: true }),
    'batchNorm: x [8, 4] has 4 channels, scale is [3]. Make scale, shift, mean and variance [4]',
  ],
  [
    'batchNorm, shift',
    () => batchNorm(f32(8, 4), { ...norms(4), shift: ones([8]) }, { training: false }),
    'batchNorm: x [8, 4] has 4 channels, shift is [8]. Make scale, shift, mean and variance [4]',
  ],
  [
    'batchNorm, one row',
    () => batchNorm(f32(1, 4), norms(4), { training: true }),
    'batchNorm: training needs two rows or more, got [1, 4]. Use a larger batch',
  ],
  [
    'batchNorm, running statistics',
    () => batchNorm(f32(8, 4), { ...norms(4), mean: ones([4]) }, { training: true }),
    'batchNorm: the running mean and variance must be variables, which training updates',
  ],
  [
    'layerNorm',
    () => layerNorm(f32(8, 4), ones([4]), ones([8])),
    'layerNorm: x [8, 4] has 4 channels, scale is [4] and shift [8]. Make both [4]',
  ],
  [
    'mse',
    () => mse(f32(2, 3), f32(3, 2)),
    'mse: [2, 3] and target [3, 2] must have one shape. Reshape one',
  ],
  [
    'smoothL1',
    () => smoothL1(f32(2), f32(2), 0),
    'smoothL1: beta must be above 0, got 0. For 0 use l1',
  ],
  [
    'interJointLoss',
    () => interJointLoss(f32(8, 51), f32(8, 51)),
    'interJointLoss: poses must be [batch, joints, 3], got [8, 51]',
  ],
  [
    'interJointLoss of one joint',
    () => interJointLoss(f32(8, 1, 3), f32(8, 1, 3)),
    'interJointLoss: poses must have two joints or more, got [8, 1, 3]',
  ],
  [
    'grad',
    () => grad(ops.mul(f32(3), 2), []),
    'grad: the loss must be one value, got [3]. Take its mean or sum',
  ],
  ['constant', () => constant([1, 2, 3], [2, 2]), 'constant [2, 2] holds 4 values, got 3'],
];

function norms(channels: number): Record<'scale' | 'shift' | 'mean' | 'variance', Tensor> {
  const set = new VariableSet('statistics');
  const zeros = (n: number) => new Float32Array(n);
  return {
    scale: ones([channels]),
    shift: ones([channels]),
    mean: set.add('mean', [channels], zeros),
    variance: set.add('variance', [channels], zeros),
  };
}

describe('a mistake in', () => {
  test.each(mistakes)('%s', (_, make, message) => {
    let thrown = 'nothing was thrown';
    trace(() => {
      try {
        make();
      } catch (error) {
        thrown = (error as Error).message;
      }
    });
    expect(thrown).toBe(message);
  });
});

test('integers are an index and no numbers to calculate with', () => {
  const message = 'inputs of type u32 are for gather only';
  trace(() => {
    expect(() => ops.add(u32(3), 1)).toThrow(message);
    expect(() => ops.add(f32(3), u32(3))).toThrow(message);
    expect(() => sum(u32(3))).toThrow(message);
    expect(() => matmul(f32(3, 3), u32(3, 3))).toThrow(message);
    // Moving them about is no calculation.
    expect(layout.gather(f32(5, 2), layout.reshape(u32(6), [2, 3])).shape).toEqual([2, 3, 2]);
  });
});

test('an op outside of a traced function says where it belongs', () => {
  expect(() => ops.add(f32(3), 1)).toThrow(
    'ops build a graph: call them inside the function given to compile() or evaluate()',
  );
});

test('the derivative of an op that has none is refused', () => {
  trace(() => {
    const x = f32(3);
    const dx = grad(sum(ops.square(layout.gather(x, u32(2)))), [x])[0]!;
    expect(() => grad(sum(dx), [x])).toThrow('grad: gatherBackward has no derivative. ');
  });
});
