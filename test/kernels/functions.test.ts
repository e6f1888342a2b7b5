/**
 * The functions of shaders/lib/functions.wgsl and activation.wgsl, to a few units in the last
 * place: relative errors.
 */

import { expect, test } from 'vitest';
import * as ops from '../../src/graph/ops/elementwise.ts';
import { evaluate } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { openDevices } from '../devices.ts';

const devices = await openDevices();
const SIZE = 4096;

const evenly = (from: number, to: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => from + ((to - from) * (i + 0.37)) / SIZE);
const geometric = (from: number, to: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => from * (to / from) ** ((i + 0.37) / SIZE));

const ULPS = 6 * 2 ** -24;
/** The builtin pow rounds its exponent of 2: some 2^-24 |e log2 x|. */
const ofPow = 2e-6;

type Row = [string, (x: Tensor) => Tensor, (x: number) => number, Float32Array, number];
const rows: Row[] = [
  ['exp', ops.exp, Math.exp, evenly(-87, 88.7), ULPS],
  ['exp near 0', ops.exp, Math.exp, evenly(-1, 1), ULPS],
  ['log', ops.log, Math.log, geometric(1e-30, 1e30), ULPS],
  ['log near 1', ops.log, Math.log, evenly(0.99, 1.01), ULPS],
  ['sqrt', ops.sqrt, Math.sqrt, geometric(1e-30, 1e30), ULPS],
  ['tanh', ops.tanh, Math.tanh, evenly(-12, 12), ULPS],
  ['tanh near 0', ops.tanh, Math.tanh, geometric(1e-8, 1), ULPS],
  ['sigmoid', ops.sigmoid, (x) => 1 / (1 + Math.exp(-x)), evenly(-40, 40), ULPS],
  ['silu', ops.silu, (x) => x / (1 + Math.exp(-x)), evenly(-40, 40), ULPS],
  [
    'softplus',
    ops.softplus,
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    evenly(-40, 40),
    ULPS,
  ],
  ['pow', (x) => ops.pow(x, 1.7), (x) => x ** 1.7, geometric(0.01, 100), ofPow],
];

test.each(
  devices.flatMap(({ label, gpu }) => rows.map((row) => ({ label, gpu, row, name: row[0] }))),
)('$name on $label', async ({ gpu, row: [, op, f, x, tolerance] }) => {
  const { y } = await evaluate(gpu, ({ x }) => ({ y: op(x) }), { x: { shape: [SIZE], values: x } });
  const errors = Array.from(y, (v, i) => Math.abs(v - f(x[i]!)) / Math.abs(f(x[i]!)));
  const worst = errors.reduce((at, e, i) => (e > errors[at]! || Number.isNaN(e) ? i : at), 0);
  expect(
    errors[worst],
    `at x = ${x[worst]}: got ${y[worst]}, expected ${f(x[worst]!)}`,
  ).toBeLessThan(tolerance);
});

test.each(devices)('what is not finite comes out as it should, on $label', async ({ gpu }) => {
  const values = [Infinity, -Infinity, Number.NaN, 0, 1000, -1000, -1];
  const { exp, log, tanh, sigmoid, softplus } = await evaluate(
    gpu,
    ({ x }) => ({
      exp: ops.exp(x),
      log: ops.log(x),
      tanh: ops.tanh(x),
      sigmoid: ops.sigmoid(x),
      softplus: ops.softplus(x),
    }),
    { x: { shape: [values.length], values } },
  );
  const { NaN: nan } = Number;
  expect([...exp.slice(0, 6)]).toEqual([Infinity, 0, nan, 1, Infinity, 0]);
  expect([...log.slice(0, 4)]).toEqual([Infinity, nan, nan, -Infinity]);
  expect(log[6]).toBeNaN();
  expect([...tanh.slice(0, 6)]).toEqual([1, -1, nan, 0, 1, -1]);
  expect([...sigmoid.slice(0, 6)]).toEqual([1, 0, nan, 0.5, 1, 0]);
  expect([...softplus].slice(0, 3)).toEqual([Infinity, 0, nan]);
});
