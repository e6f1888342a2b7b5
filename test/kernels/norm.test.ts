import { describe, expect, test } from 'vitest';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import { add, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { addLayerNorm, layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { along, at, generate, type Numbers, normal, total } from '../reference.ts';

const devices = await openDevices();

const average = (values: number[]) => total(values) / values.length;
/** Biased, as it normalises. */
const spread = (values: number[]) => average(values.map((v) => (v - average(values)) ** 2));

/** Normalised along some axes, scaled and shifted along the last. */
function normalised(x: Numbers, scale: Numbers, shift: Numbers, axes: number[], epsilon: number) {
  const means = along(x, axes, average);
  const variances = along(x, axes, spread);
  return generate(
    x.shape,
    (i) =>
      ((at(x, i) - at(means, i)) / Math.sqrt(at(variances, i) + epsilon)) * at(scale, i) +
      at(shift, i),
  );
}

const operands = (shape: Shape): Operand[] => [shape, shape.slice(-1), shape.slice(-1)];
const allButLast = (x: Numbers) => [...x.shape.keys()].slice(0, -1);

const batches: (readonly [string, Operand[], number])[] = [
  ['two rows of one channel', operands([2, 1]), 1e-5],
  ['odd sizes', operands([7, 5]), 1e-5],
  ['a batch of features in quads', operands([64, 32]), 1e-5],
  ['just one block of rows', operands([256, 4]), 1e-5],
  ['a row more than a block', operands([257, 3]), 1e-5],
  ['many blocks', operands([1100, 4]), 1e-5],
  ['images', operands([2, 3, 5, 8]), 1e-5],
  ['a large epsilon', operands([9, 4]), 0.5],
];
for (const variant of ['blocks', 'columns'])
  checkOp<number>(`batchNorm in training by ${variant}`, devices, {
    op: ([x, scale, shift], epsilon) => {
      const variables = { scale: scale!, shift: shift!, ...statistics(x!.shape.at(-1)!) };
      return batchNorm(x!, variables, { training: true, epsilon });
    },
    reference: ([x, scale, shift], epsilon) =>
      normalised(x!, scale!, shift!, allButLast(x!), epsilon),
    cases: batches,
    variants: { batchNorm: variant },
  });

/** Running mean and variance of some channels. */
function statistics(channels: number) {
  const set = new VariableSet('statistics');
  return {
    mean: set.add('mean', [channels], (size) => new Float32Array(size)),
    variance: set.add('variance', [channels], (size) => new Float32Array(size).fill(1)),
  };
}

checkOp<number>('layerNorm', devices, {
  op: ([x, scale, shift], epsilon) => layerNorm(x!, scale!, shift!, { epsilon }),
  reference: ([x, scale, shift], epsilon) =>
    normalised(x!, scale!, shift!, [x!.shape.length - 1], epsilon),
  cases: [
    ['fewer columns than threads', operands([4, 17]), 1e-5],
    ['just as many columns as threads', operands([3, 64]), 1e-5],
    ['a few columns more than threads', operands([3, 67]), 1e-5],
    ['many rounds', operands([2, 1000]), 1e-5],
    ['one row', operands([1, 8]), 1e-5],
    ['a vector', operands([9]), 1e-5],
    ['tokens', operands([2, 5, 16]), 1e-6],
    ['two columns, always ±1', operands([3, 2]), 0.1],
    ['many rows that quads do not fill', operands([300, 17]), 1e-5],
    ['many rows that quads fill', operands([4, 77, 12]), 1e-5],
    ['many rows of an odd number of quads', operands([70, 20]), 1e-5],
    ['images', operands([2, 6, 7, 12]), 1e-5],
  ],
});

for (const layerNorm of ['threads', 'groups8', 'groups64'])
  checkOp<number>(`addLayerNorm by ${layerNorm}`, devices, {
    // The sum is used beside its norm.
    op: ([x, residual, scale, shift], epsilon) => {
      const [sum, y] = addLayerNorm(x!, residual!, scale!, shift!, { epsilon });
      return add(y, mul(sum, 0.5));
    },
    reference: ([x, residual, scale, shift], epsilon) => {
      const sum = generate(x!.shape, (i) => at(x!, i) + at(residual!, i));
      const y = normalised(sum, scale!, shift!, [x!.shape.length - 1], epsilon);
      return generate(x!.shape, (i) => at(y, i) + 0.5 * at(sum, i));
    },
    cases: [
      ['odd sizes', [[5, 17], ...operands([5, 17])], 1e-5],
      ['images', [[2, 5, 7, 12], ...operands([2, 5, 7, 12])], 1e-5],
      ['an odd number of quads', [[70, 20], ...operands([70, 20])], 1e-5],
    ],
    variants: { layerNorm },
  });

for (const variant of ['blocks', 'columns'])
  checkOp<number>(`relu of batchNorm and a residual by ${variant}`, devices, {
    op: ([x, residual, scale, shift], epsilon) => {
      const variables = { scale: scale!, shift: shift!, ...statistics(x!.shape.at(-1)!) };
      return relu(add(batchNorm(x!, variables, { training: true, epsilon }), residual!));
    },
    reference: ([x, residual, scale, shift], epsilon) => {
      const y = normalised(x!, scale!, shift!, allButLast(x!), epsilon);
      return generate(x!.shape, (i) => Math.max(0, at(y, i) + at(residual!, i)));
    },
    cases: [
      ['images', [[2, 3, 5, 8], ...operands([2, 3, 5, 8])], 1e-5],
      ['images of single channels', [[1, 7, 5, 3], ...operands([1, 7, 5, 3])], 1e-5],
    ],
    variants: { batchNorm: variant },
  });

// A mean of 1000 is itself off by half a unit in the last place, 3e-5, and the results with it; a
// variance from squares would be off by 0.06 and more.
const shifted = (z: number) => 1000 + z;
for (const [name, axes, variant] of [
  ['batchNorm', allButLast, 'blocks'],
  ['batchNorm', allButLast, 'columns'],
  ['layerNorm', (x: Numbers) => [x.shape.length - 1], ''],
] as const)
  checkOp(`${name} ${variant} of numbers far from 0`, devices, {
    // So far that halves tell none of them apart.
    halves: false,
    op: ([x]) => {
      const channels = x!.shape.at(-1)!;
      const set = new VariableSet('scale and shift');
      const scale = set.add('scale', [channels], (n) => new Float32Array(n).fill(1));
      const shift = set.add('shift', [channels], (n) => new Float32Array(n));
      return name === 'layerNorm'
        ? layerNorm(x!, scale, shift)
        : batchNorm(x!, { scale, shift, ...statistics(channels) }, { training: true });
    },
    reference: ([x]) => {
      const one = (value: number) => ({ shape: [1], values: [value] });
      return normalised(x!, one(1), one(0), axes(x!), 1e-5);
    },
    cases: [['a mean of 1000 deviations', [[300, 40]], undefined, shifted]],
    tolerance: 6e-5,
    ...(variant && { variants: { [name]: variant } }),
  });

describe.each(devices)('on $label', ({ gpu }) => {
  test('running statistics follow the batches as in PyTorch, and inference uses them', async () => {
    const [rows, channels, momentum, epsilon] = [300, 6, 0.2, 1e-3];
    const set = new VariableSet('statistics');
    const running = {
      mean: set.add('mean', [channels], (n) => new Float32Array(n).fill(0.5)),
      variance: set.add('variance', [channels], (n) => new Float32Array(n).fill(2)),
    };
    const inputs = { x: [rows, channels], scale: [channels], shift: [channels] } as const;
    const program = (training: boolean) =>
      compile(
        gpu,
        ({ x, scale, shift }) => ({
          y: batchNorm(x, { scale, shift, ...running }, { training, momentum, epsilon }),
        }),
        inputs,
      );
    const [training, inference] = [await program(true), await program(false)];

    const random = normal('running statistics');
    const draw = (n: number, offset = 0) =>
      Array.from({ length: n }, () => Math.fround(offset + random()));
    const [scale, shift] = [draw(channels), draw(channels)];
    const mean = Array<number>(channels).fill(0.5);
    const variance = Array<number>(channels).fill(2);
    for (let step = 0; step < 3; step++) {
      const x = draw(rows * channels, step);
      await training.run({ x, scale, shift });
      for (let c = 0; c < channels; c++) {
        const column = x.filter((_, i) => i % channels === c);
        mean[c]! += momentum * (average(column) - mean[c]!);
        // The unbiased variance is what is remembered.
        variance[c]! += momentum * ((spread(column) * rows) / (rows - 1) - variance[c]!);
      }
    }
    const values = await readVariables(gpu, set);
    assertClose(values.get('mean')!, mean, 1e-6);
    assertClose(values.get('variance')!, variance, 1e-6);

    const x = draw(rows * channels);
    const { y } = await inference.run({ x, scale, shift }, { read: ['y'] });
    assertClose(
      y,
      x.map((v, i) => {
        const c = i % channels;
        return ((v - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * scale[c]! + shift[c]!;
      }),
      2e-6,
    );
    const after = await readVariables(gpu, set);
    expect(after).toEqual(values);
    training.dispose();
    inference.dispose();
  });
});

checkOp('batchNorm in inference', devices, {
  op: ([x, scale, shift, mean, variance]) =>
    batchNorm(
      x!,
      { scale: scale!, shift: shift!, mean: mean!, variance: variance! },
      { training: false },
    ),
  reference: ([x, scale, shift, mean, variance]) =>
    generate(
      x!.shape,
      (i) =>
        ((at(x!, i) - at(mean!, i)) / Math.sqrt(at(variance!, i) + 1e-5)) * at(scale!, i) +
        at(shift!, i),
    ),
  // Variances are positive, and so is all else here.
  cases: [
    ['odd sizes', [[5, 7], [7], [7], [7], [7]], undefined, (z) => 0.5 + Math.abs(z)],
    ['images', [[2, 3, 3, 4], [4], [4], [4], [4]], undefined, (z) => 0.5 + Math.abs(z)],
  ],
});
