/**
 * Ops and their gradients against PyTorch in f64: test/golden/ops.py made the numbers, nothing here
 * needs Python.
 */

import { describe, test } from 'vitest';
import { batchNorm } from '../../src/graph/ops/batch_norm.ts';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { transpose } from '../../src/graph/ops/layout.ts';
import { logSumExp } from '../../src/graph/ops/reduce.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { readVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import { smoothL1 } from '../../src/train/losses.ts';
import { assertClose } from '../check.ts';
import { openDevices } from '../devices.ts';
import { checkGolden, type Golden, type Inputs, readGolden } from '../golden/golden.ts';
import { arrayOf, type Source } from '../golden/uniform.ts';

interface OpGolden
  extends Golden<{
    axis?: number;
    eps?: number;
    momentum?: number;
    beta?: number;
    reduction?: 'mean' | 'none';
    running?: { mean: Source; variance: Source };
  }> {
  readonly meanAfter?: number[];
  readonly varianceAfter?: number[];
}

const golden = readGolden<OpGolden>('ops.json');
const devices = await openDevices();

/** The last two axes exchanged, and back: PyTorch's softmax takes any axis, ours the last. */
const turned = (x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor =>
  axis === -1 ? f(x) : transpose(f(transpose(x, [0, 2, 1])), [0, 2, 1]);

function apply({ op, attributes }: OpGolden, x: Inputs, running?: VariableSet): Tensor {
  const { axis = -1, eps: epsilon = 1e-5, momentum = 0.1, beta = 1 } = attributes;
  const unary = { ...ops } as unknown as Record<string, (x: Tensor) => Tensor>;
  const [mean, variance] = running?.variables.map(({ tensor }) => tensor) ?? [];
  switch (op) {
    case 'softmax':
      return turned(x.x!, axis, softmax);
    case 'logSumExp':
      return logSumExp(x.x!, axis);
    case 'layerNorm':
      return layerNorm(x.x!, x.scale!, x.shift!, { epsilon });
    case 'batchNormTraining':
    case 'batchNormInference':
      return batchNorm(
        x.x!,
        { scale: x.scale!, shift: x.shift!, mean: mean!, variance: variance! },
        { training: op === 'batchNormTraining', epsilon, momentum },
      );
    case 'smoothL1':
      return smoothL1(x.x!, x.target!, beta);
    default:
      return unary[op]!(x.x!);
  }
}

// Our losses are means; the same numbers one by one are an op of PyTorch only.
const cases = golden.filter(({ attributes }) => attributes.reduction !== 'none');

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(cases)('$title', async (each) => {
    const running = new VariableSet('running');
    for (const [name, source] of Object.entries(each.attributes.running ?? {}))
      running.add(name, source.shape, () => arrayOf(source));
    // A mean of 100 is itself off by half a unit in the last place, 4e-6, and what is normalised
    // with it.
    const tolerance = each.inputs.x!.offset === 100 ? 1e-5 : 2e-6;
    await checkGolden(gpu, each, (x) => apply(each, x, running), tolerance);
    if (each.meanAfter) {
      const after = await readVariables(gpu, running);
      assertClose(after.get('mean')!, each.meanAfter, 1e-6);
      assertClose(after.get('variance')!, each.varianceAfter!, 1e-6);
    }
  });
});
