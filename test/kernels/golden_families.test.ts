/** The kernel families and their gradients against PyTorch in f64, at the configurations that test/golden/families.py drew. */

import { describe, test } from 'vitest';
import * as kinegrad from '../../src/index.ts';
import { openDevices } from '../devices.ts';
import { checkGolden, type Golden, type Inputs, readGolden } from '../golden/golden.ts';

/** Options as our ops take them; of windows also their kernel, of resizing the size. */
type Attributes = Readonly<Record<string, unknown>>;

const golden = readGolden<Golden<Attributes>>('families.json');
const devices = await openDevices();

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
};

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(golden)('$title', (each) =>
    checkGolden(gpu, each, (x) => ops[each.op]!(x, each.attributes as never), 2e-6),
  );
});
