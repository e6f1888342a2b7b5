/** Every way to lay kernels over threads gives the same: walks along lines, and rows that are reduced. */

import * as ops from '../../src/graph/ops/elementwise.ts';
import { addLayerNorm, layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { transpose } from '../../src/graph/ops/layout.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { targetOf } from '../../src/graph/program.ts';
import { layerNormTunable } from '../../src/kernels/layer_norm.ts';
import { rowsTunable } from '../../src/kernels/thread_rows.ts';
import { walkTunable } from '../../src/kernels/walk.ts';
import { checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { along, at, generate, type Numbers, total } from '../reference.ts';

const devices = await openDevices();

for (const walk of Object.keys(walkTunable.variants)) {
  const variants = { walk };
  checkOp(`a chain walked by ${walk}`, devices, {
    op: ([x, row, column]) => ops.mul(ops.add(x!, row!), column!),
    reference: ([x, row, column]) =>
      generate(x!.shape, (i) => (at(x!, i) + at(row!, i)) * at(column!, i)),
    cases: [
      ['rows shorter than a step', [[70, 3], [3], [70, 1]]],
      ['rows that quads fill', [[33, 132], [132], [33, 1]]],
      ['rows longer than a step', [[9, 1031], [1031], [9, 1]]],
    ],
    variants,
  });
  checkOp(`a copy walked by ${walk}`, devices, {
    op: ([x]) => ops.exp(transpose(x!, [1, 0])),
    reference: ([x]) =>
      generate([x!.shape[1]!, x!.shape[0]!], ([i, j]) => Math.exp(at(x!, [j!, i!]))),
    cases: [
      ['odd sizes', [[37, 5]]],
      ['quads', [[64, 36]]],
    ],
    variants,
  });
}

const shortRows: [string, number[]][] = [
  ['few rows, shorter than a workgroup', [3, 17]],
  ['many rows', [130, 12]],
];
const longRows: [string, number[]][] = [['long rows', [5, 1027]]];

for (const rows of Object.keys(rowsTunable.variants)) {
  const variants = { rows };
  checkOp(`rows reduced by ${rows}`, devices, {
    op: ([x]) => ops.mul(softmax(x!), sum(x!, [1], { keep: true })),
    reference: ([x]) => {
      const sums = along(x!, [1], (values) => total(values.map(Math.exp)));
      const totals = along(x!, [1], total);
      return generate(x!.shape, (i) => (Math.exp(at(x!, i)) / at(sums, i)) * at(totals, i));
    },
    cases: [...shortRows, ...longRows].map(([why, shape]) => [why, [shape]]),
    tolerance: 4e-6,
    variants,
  });
}

const average = (values: number[]) => total(values) / values.length;
const spread = (values: number[]) => average(values.map((v) => (v - average(values)) ** 2));
/** x̂ scale + shift, x̂ of rows. */
const normalised = (x: Numbers, scale: Numbers, shift: Numbers): Numbers => {
  const [means, variances] = [along(x, [1], average), along(x, [1], spread)];
  const normal = (i: readonly number[]) =>
    (at(x, i) - at(means, i)) / Math.sqrt(at(variances, i) + 1e-5);
  return generate(x.shape, (i) => normal(i) * at(scale, i) + at(shift, i));
};

type Way = keyof typeof layerNormTunable.variants;
for (const way of Object.keys(layerNormTunable.variants) as Way[]) {
  const variants = { layerNorm: way };
  const shapes: [string, number[]][] = [
    ...(way === 'subgroup8' ? [] : shortRows),
    ['eight quads and more', [130, 132]],
    ['singles, and rows that end in a workgroup', [67, 45]],
    ...longRows,
  ];
  const able = devices.filter(({ gpu }) =>
    shapes.every(([, shape]) => layerNormTunable.fits(way, targetOf(gpu), shape)),
  );
  if (able.length === 0) continue;
  checkOp(`layer norm by ${way}`, able, {
    op: ([x, scale, shift]) => layerNorm(x!, scale!, shift!),
    reference: ([x, scale, shift]) => normalised(x!, scale!, shift!),
    cases: shapes.map(([why, shape]) => [why, [shape, shape.slice(1), shape.slice(1)]]),
    // One thread may add a thousand singles, one after the other.
    tolerance: 4e-6,
    variants,
  });
  // The others are in `norm.test.ts`.
  if (way !== 'subgroup8') continue;
  checkOp(`layer norm of a sum by ${way}`, able, {
    op: ([x, residual, scale, shift]) => {
      const [sum, y] = addLayerNorm(x!, residual!, scale!, shift!);
      return ops.add(sum, y);
    },
    reference: ([x, residual, scale, shift]) => {
      const sum = generate(x!.shape, (i) => at(x!, i) + at(residual!, i));
      const y = normalised(sum, scale!, shift!);
      return generate(x!.shape, (i) => at(sum, i) + at(y, i));
    },
    cases: shapes.map(([why, shape]) => [why, [shape, shape, shape.slice(1), shape.slice(1)]]),
    tolerance: 4e-6,
    variants,
  });
}
