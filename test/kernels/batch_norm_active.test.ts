/** Batch norm with an activation after it: both are one kernel forward, and one gradient backward. */

import { afterAll, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import {
  add,
  gelu,
  hardSwish,
  mul,
  relu,
  silu,
  softplus,
} from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { generate, type Numbers } from '../reference.ts';

const devices = await openDevices();
const small = await openGpu({ poison: true, maxBinding: 16 * 1024 });
afterAll(() => small.close());

/**
 * Of Gauss's distribution up to z: the sum of Abramowitz and Stegun 26.2.10, whose terms cancel for large z,
 * and there the continued fraction 26.2.14 of what lies beyond.
 */
function normalCdf(z: number): number {
  if (Math.abs(z) > 3) {
    const far = Math.abs(z);
    let below = far;
    for (let n = 100; n >= 1; n--) below = far + n / below;
    const beyond = Math.exp((-far * far) / 2) / Math.sqrt(2 * Math.PI) / below;
    return z > 0 ? 1 - beyond : beyond;
  }
  let [term, total] = [z, z];
  for (let n = 1; n < 100; n++) {
    term *= (-z * z) / 2 / n;
    total += term / (2 * n + 1);
  }
  return 0.5 + total / Math.sqrt(2 * Math.PI);
}

const activations = {
  relu: [relu, (z: number) => Math.max(0, z)],
  silu: [silu, (z: number) => z / (1 + Math.exp(-z))],
  gelu: [gelu, (z: number) => z * normalCdf(z)],
  hardSwish: [hardSwish, (z: number) => (z * Math.min(6, Math.max(0, z + 3))) / 6],
  softplus: [softplus, (z: number) => Math.log1p(Math.exp(z))],
} as const;

const statistics = (channels: number) => {
  const set = new VariableSet('statistics');
  return {
    mean: set.add('mean', [channels], (n) => new Float32Array(n)),
    variance: set.add('variance', [channels], (n) => new Float32Array(n).fill(1)),
  };
};

const normed = ([x, scale, shift]: readonly Tensor[], epsilon?: number) =>
  batchNorm(
    x!,
    { scale: scale!, shift: shift!, ...statistics(x!.shape.at(-1)!) },
    { training: true, ...(epsilon && { epsilon }) },
  );

/** scale x̂ + shift, channel by channel. */
function normalised([x, scale, shift]: readonly Numbers[], epsilon: number): number[] {
  const channels = x!.shape.at(-1)!;
  const y = new Array<number>(x!.values.length);
  for (let c = 0; c < channels; c++) {
    const column = [...x!.values].filter((_, i) => i % channels === c);
    const mean = column.reduce((a, b) => a + b) / column.length;
    const variance = column.reduce((a, b) => a + (b - mean) ** 2, 0) / column.length;
    column.forEach((v, r) => {
      const normal = (v - mean) / Math.sqrt(variance + epsilon);
      y[r * channels + c] = normal * scale!.values[c]! + shift!.values[c]!;
    });
  }
  return y;
}

const operands = (shape: Shape): Operand[] => [shape, shape.slice(-1), shape.slice(-1)];
const all: (readonly [string, Operand[], number])[] = [
  ['odd sizes', operands([7, 5]), 1e-5],
  ['images', operands([2, 3, 5, 8]), 1e-5],
  ['a row more than a block', operands([257, 3]), 1e-5],
  ['many blocks', operands([1100, 4]), 1e-5],
  ['a large epsilon', operands([9, 4]), 0.5],
];

for (const [name, [activate, activated]] of Object.entries(activations))
  for (const variant of ['blocks', 'columns'])
    checkOp<number>(`${name} of batchNorm by ${variant}`, devices, {
      op: (x, epsilon) => activate(normed(x, epsilon)),
      reference: (x, epsilon) => {
        const z = normalised(x, epsilon);
        return generate(x[0]!.shape, (_, i) => activated(z[i]!));
      },
      // Of very many values one is so near to where a slope jumps that the differences cross it.
      cases: name === 'silu' ? all : all.slice(0, 3),
      variants: { batchNorm: variant },
    });

checkOp('silu of batchNorm in pieces that bindings can hold', [{ label: 'small', gpu: small }], {
  op: (x) => silu(normed(x)),
  reference: (x) => {
    const z = normalised(x, 1e-5);
    return generate(x[0]!.shape, (_, i) => activations.silu[1](z[i]!));
  },
  cases: [['more rows than a binding holds', operands([1600, 8])]],
});

checkOp('silu of batchNorm, which is used beside it', devices, {
  op: (x) => {
    const z = normed(x);
    return add(silu(z), mul(z, 0.3));
  },
  reference: (x) => {
    const z = normalised(x, 1e-5);
    return generate(x[0]!.shape, (_, i) => activations.silu[1](z[i]!) + 0.3 * z[i]!);
  },
  cases: [['images', operands([2, 3, 5, 8])]],
});

const graph =
  (activate: (t: Tensor) => Tensor) =>
  ({ x, scale, shift, dy }: Record<'x' | 'scale' | 'shift' | 'dy', Tensor>) => {
    const y = activate(normed([x, scale, shift]));
    return { y, dx: grad(sum(mul(y, dy)), [x])[0]! };
  };
const shapes = { x: [64, 8], scale: [8], shift: [8], dy: [64, 8] } as const;

test.each(Object.entries(activations))(
  '%s needs no dispatch of its own in either direction, and nothing is kept for it',
  (_, [activate]) => {
    const options = { variants: { batchNorm: 'columns' } };
    const { dispatches } = planOf(devices[0]!.gpu, graph(activate), shapes, options);
    const files = dispatches.map(({ kernel }) => kernel.file);
    expect(files.filter((file) => file.startsWith('batch_norm'))).toEqual([
      'batch_norm_columns.wgsl',
      'batch_norm_lines.wgsl',
      'batch_norm_active_columns_backward.wgsl',
    ]);
    // That of the loss takes dy times 1.
    expect(files.filter((file) => file === 'elementwise.wgsl').length).toBe(1);
  },
);

test('without fusing each op is by itself', () => {
  const options = { fuse: false, variants: { batchNorm: 'columns' } };
  const { dispatches } = planOf(devices[0]!.gpu, graph(silu), shapes, options);
  const files = dispatches.map(({ kernel }) => kernel.file);
  expect(files).toContain('batch_norm_columns_backward.wgsl');
  expect(files).not.toContain('batch_norm_active_columns_backward.wgsl');
});
