/** The kernel families and their gradients against PyTorch in f64, at the configurations that test/golden/families.py drew. */

import { describe, test } from 'vitest';
import { f16 } from '../../src/graph/halves.ts';
import type { HalfStorage } from '../../src/graph/plan.ts';
import * as kinegrad from '../../src/index.ts';
import { openDevices } from '../devices.ts';
import { checkGolden, type Golden, type Inputs, readGolden } from '../golden/golden.ts';
import { HALF_TOLERANCE } from '../sheet.ts';

/** Options as our ops take them; of windows also their kernel, of resizing the size. */
type Attributes = Readonly<Record<string, unknown>>;

const golden = readGolden<Golden<Attributes>>('families.json');
const devices = await openDevices();

const activations = {
  relu: kinegrad.relu,
  silu: kinegrad.silu,
  hardSwish: kinegrad.hardSwish,
};

/** Each op as it is called on the tensors and options of a case. */
const ops: Readonly<Record<string, (x: Inputs, a: never) => kinegrad.Tensor>> = {
  conv2d: ({ x, w }, a) => kinegrad.conv2d(x!, w!, a),
  convTranspose2d: ({ x, w }, a) => kinegrad.convTranspose2d(x!, w!, a),
  depthwiseConv2d: ({ x, w }, a) => kinegrad.depthwiseConv2d(x!, w!, a),
  squeezeExcite: ({ x, w1, b1, w2, b2 }, a) =>
    kinegrad.squeezeExcite(x!, { w1: w1!, b1: b1!, w2: w2!, b2: b2! }, a),
  maxPool2d: ({ x }, { kernel, ...a }: { kernel: number }) => kinegrad.maxPool2d(x!, kernel, a),
  avgPool2d: ({ x }, { kernel, ...a }: { kernel: number }) => kinegrad.avgPool2d(x!, kernel, a),
  resizeBilinear: ({ x }, a: { size: [number, number]; corners: 'aligned' | 'half-pixel' }) =>
    kinegrad.resizeBilinear(x!, a.size, a),
  resizeNearest: ({ x }, a: { size: [number, number] }) => kinegrad.resizeNearest(x!, a.size),
  attention: ({ q, k, v, mask }, a: { scale?: number }) =>
    kinegrad.attention(q!, k!, v!, { ...a, ...(mask ? { mask } : {}) }),
  globalMean2d: ({ x }) => kinegrad.globalMean2d(x!),
  gaussianHeatmaps: ({ joints }, a: { size: [number, number]; sigma: number }) =>
    kinegrad.gaussianHeatmaps(joints!, a.size, a),
  softArgmax2d: ({ maps }, a) => kinegrad.softArgmax2d(maps!, a),
  softArgmax3d: ({ maps }, a) => kinegrad.softArgmax3d(maps!, a),
  skeletonImage: ({ joints }, { bones, size, ...a }: Skeleton) =>
    kinegrad.skeletonImage(joints!, bones, size, a),
  interJointLoss: ({ y, target }, a) => kinegrad.interJointLoss(y!, target!, a),
  batchNorm: (
    { x, scale, shift, residual },
    { activation }: { activation: keyof typeof activations },
  ) => {
    const set = new kinegrad.VariableSet('statistics');
    const add = (name: string) => set.add(name, scale!.shape, (n) => new Float32Array(n));
    const variables = {
      scale: scale!,
      shift: shift!,
      mean: add('mean'),
      variance: add('variance'),
    };
    const y = kinegrad.batchNorm(x!, variables, { training: true });
    return activations[activation](residual ? kinegrad.add(y, residual) : y);
  },
  addLayerNorm: ({ x, residual, scale, shift }) =>
    kinegrad.addLayerNorm(x!, residual!, scale!, shift!)[1],
};
interface Skeleton {
  readonly bones: readonly [number, number][];
  readonly size: [number, number];
  readonly gamma: number;
  readonly squared: boolean;
}

/** Two halves to a word, as on a device without the type f16: such words hold quads of channels. */
const packed: HalfStorage = {
  ...f16,
  bind: (dispatches, target) => f16.bind(dispatches, { ...target, hasF16: false }),
};
const quads = golden.filter(({ inputs, op }) => {
  const [x] = Object.values(inputs);
  // A maximum of rounded numbers may be another one, and its gradient elsewhere.
  return x!.shape.length === 4 && x!.shape[3]! % 4 === 0 && op !== 'maxPool2d';
});
test.each(quads)('packed halves, $title', (each) =>
  checkGolden(
    devices[0]!.gpu,
    each,
    (x) => ops[each.op]!(x, each.attributes as never),
    HALF_TOLERANCE,
    packed,
  ),
);

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(golden)('$title', (each) =>
    checkGolden(gpu, each, (x) => ops[each.op]!(x, each.attributes as never), 2e-6),
  );
});
