import * as ops from '../../src/graph/ops/elementwise.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { checkOp } from '../check.ts';
import { openDevices } from '../devices.ts';
import { map } from '../reference.ts';

const devices = await openDevices();

/**
 * Φ, the cumulative normal distribution: its series near 0, its continued fraction far out
 * (Abramowitz and Stegun 26.2).
 */
function normalCdf(x: number): number {
  const z = Math.abs(x);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let tail = 0;
  if (z < 3) {
    let term = z;
    let series = z;
    for (let n = 3; n < 150; n += 2) series += term *= (z * z) / n;
    tail = 0.5 - density * series;
  } else {
    let fraction = z;
    for (let n = 100; n > 0; n--) fraction = z + n / fraction;
    tail = density / fraction;
  }
  return x < 0 ? tail : 1 - tail;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Where each op is likely to go wrong, besides numbers of size 1: away from kinks, where slopes are
 * a convention.
 */
const spread = [
  -90, -40, -20, -9.5, -4, -1, -0.3, -1e-2, -1e-4, 1e-4, 1e-2, 0.3, 1, 2, 5, 9.5, 20, 40, 90,
];
const moderate = spread.filter((x) => Math.abs(x) < 30);
const positive = [1e-6, 1e-3, 0.5, 0.999, 1, 1.00001, 1.5, 2, 30, 1e4];

const unary: [string, (x: Tensor) => Tensor, (x: number) => number, number[]][] = [
  ['exp', ops.exp, Math.exp, [-90, -20, -1, -1e-6, 0, 1e-6, 1, 2, 5]],
  ['log', ops.log, Math.log, positive.slice(2)],
  ['sqrt', ops.sqrt, Math.sqrt, positive.slice(2)],
  ['tanh', ops.tanh, Math.tanh, [...spread, -1e4, 1e4]],
  ['sigmoid', ops.sigmoid, sigmoid, [...spread, -1e4, 1e4]],
  ['relu', ops.relu, (x) => Math.max(x, 0), spread],
  ['leakyRelu', (x) => ops.leakyRelu(x, 0.2), (x) => (x > 0 ? x : 0.2 * x), spread],
  ['silu', ops.silu, (x) => x * sigmoid(x), spread],
  ['gelu', ops.gelu, (x) => x * normalCdf(x), spread],
  ['hardSwish', ops.hardSwish, (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, spread],
  ['softplus', ops.softplus, softplus, [...spread, 1e4]],
  ['abs', ops.abs, Math.abs, spread],
  ['sign', ops.sign, Math.sign, spread],
  ['neg', ops.neg, (x) => -x, spread],
  ['square', ops.square, (x) => x * x, moderate],
  ['pow 2.5', (x) => ops.pow(x, 2.5), (x) => x ** 2.5, [1e-3, 0.5, 1, 2, 5]],
  ['pow -0.5', (x) => ops.pow(x, -0.5), (x) => x ** -0.5, [0.5, 1, 2, 5, 900]],
];

for (const [name, op, f, values] of unary) {
  const positives = ['log', 'sqrt'].includes(name) || name.startsWith('pow');
  const from = positives ? (z: number) => 0.5 + Math.abs(z) : (z: number) => 2 * z;
  checkOp(name, devices, {
    op: ([x]) => op(x!),
    reference: map(f),
    cases: [
      ['rows that quads do not fill', [[3, 5]], undefined, from],
      ['rows of quads, more than a workgroup', [[9, 32]], undefined, from],
      ['a single value', [[]], undefined, from],
      ['large, small and special arguments', [{ shape: [values.length], values }]],
    ],
  });
}
