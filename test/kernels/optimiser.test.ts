/** AdamW, Adam and SGD over several steps, against the formulas of the papers in f64. */

import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.ts';
import { add, mul } from '../../src/graph/ops/elementwise.ts';
import {
  type AdamOptions,
  adam,
  adamW,
  averageOf,
  sgdMomentum,
} from '../../src/graph/ops/optimiser.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { VariableSet } from '../../src/graph/variables.ts';
import type { Shape } from '../../src/kernels/tensor.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, assertSame } from '../check.ts';
import { openDevices } from '../devices.ts';
import { normal } from '../reference.ts';

const devices = await openDevices();

const algorithms = { adamw: adamW, adam, sgd: sgdMomentum };
type Algorithm = keyof typeof algorithms;

/**
 * A size below, at and above the 64 elements at which variables are aligned; the last gets no
 * gradient.
 */
const shapes: Record<string, Shape> = {
  weight: [3, 5],
  bias: [7],
  wide: [5, 13],
  head: [64],
  idle: [4, 4],
};
const names = Object.keys(shapes);
const used = names.filter((name) => name !== 'idle');
const decays = (name: string) => shapes[name]!.length === 2;

interface Options extends AdamOptions {
  momentum?: number;
}
interface Case {
  readonly why: string;
  readonly algorithm: Algorithm;
  readonly options: Options;
  /** Elements of a slab. */
  readonly slab?: number;
  /** Steps in which a gradient holds NaN, or infinity. */
  readonly broken?: Readonly<Record<number, number>>;
}

const STEPS = 6;
const rate = (step: number) => 0.05 / (1 + step);
const cases: Case[] = [
  { why: 'as it comes', algorithm: 'adamw', options: { rate: 0.01 } },
  { why: 'with decay', algorithm: 'adamw', options: { rate: 0.01, decay: 0.3 } },
  {
    why: 'a schedule and other moments',
    algorithm: 'adamw',
    options: { rate, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
  },
  {
    why: 'clipping, decay and average, in several slabs',
    algorithm: 'adamw',
    options: { rate: 0.01, decay: 0.1, clip: 1.5, average: 0.4 },
    slab: 128,
  },
  {
    why: 'groups',
    algorithm: 'adamw',
    options: {
      rate: 0.01,
      decay: 0.1,
      groups: [
        { match: ({ name }) => name === 'wide', rate: 0.1, decay: 0.5 },
        { match: ({ name }) => name === 'bias', decay: 0.2 },
        { match: ({ name }) => name === 'head', rate: 0 },
      ],
    },
  },
  {
    why: 'steps that are skipped',
    algorithm: 'adamw',
    options: { rate: 0.01, decay: 0.1, clip: 5, average: 0.9 },
    broken: { 0: Number.NaN, 3: Infinity },
  },
  { why: 'micro-batches', algorithm: 'adamw', options: { rate: 0.01, clip: 0.5, microBatches: 3 } },
  { why: 'with decay', algorithm: 'adam', options: { rate: 0.01, decay: 0.3, clip: 3 } },
  { why: 'without momentum', algorithm: 'sgd', options: { rate: 0.01, momentum: 0 } },
  {
    why: 'with all, in several slabs',
    algorithm: 'sgd',
    options: { rate, momentum: 0.7, decay: 0.1, clip: 2, average: 0.5 },
    slab: 64,
  },
  {
    why: 'a step that is skipped, and micro-batches',
    algorithm: 'sgd',
    options: { rate: 0.01, microBatches: 2, average: 0.9 },
    broken: { 2: Number.NaN },
  },
];

type Named = Record<string, number[]>;

/** Gradients of each step and micro-batch: the same in every run. */
function gradientsOf({ options, broken = {} }: Case): Named[][] {
  const random = normal('gradients');
  return Array.from({ length: STEPS }, (_, step) =>
    Array.from({ length: options.microBatches ?? 1 }, (_, micro) => {
      const draw = (name: string) =>
        Array.from({ length: sizeOf(shapes[name]!) }, () => Math.fround(random()));
      const gradients: Named = Object.fromEntries(used.map((name) => [name, draw(name)]));
      if (step in broken && micro === 0) gradients.wide![17] = broken[step]!;
      return gradients;
    }),
  );
}

const initial = (name: string) => {
  const random = normal(`initial ${name}`);
  return Array.from({ length: sizeOf(shapes[name]!) }, () => Math.fround(random()));
};

/** Parameters, their average and the norm of each step. */
function reference(each: Case) {
  const { algorithm, options } = each;
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum = 0.9, clip, average } = options;
  const start = (): Named => Object.fromEntries(names.map((name) => [name, initial(name)]));
  const zeros = (): Named => Object.fromEntries(names.map((n) => [n, initial(n).map(() => 0)]));
  const [p, e, m, v] = [start(), start(), zeros(), zeros()];
  const norms: number[] = [];
  let done = 0;
  gradientsOf(each).forEach((micros, step) => {
    const g: Named = Object.fromEntries(
      names.map((name) => [
        name,
        p[name]!.map((_, i) => micros.reduce((s, x) => s + (x[name]?.[i] ?? 0), 0) / micros.length),
      ]),
    );
    const norm = Math.sqrt(
      Object.values(g)
        .flat()
        .reduce((s, x) => s + x * x, 0),
    );
    norms.push(norm);
    if (!Number.isFinite(norm)) return;
    done++;
    const scale = clip ? Math.min(1, clip / (norm + 1e-6)) : 1;
    for (const name of names) {
      const group = options.groups?.find(({ match }) => match({ name } as never));
      const wd = group?.decay ?? (decays(name) ? (options.decay ?? 0) : 0);
      const base = typeof options.rate === 'number' ? options.rate : options.rate(step, 0);
      const lr = base * (group?.rate ?? 1);
      const follow = average === undefined ? 1 : Math.min(average, (1 + step) / (10 + step));
      p[name] = p[name]!.map((x, i) => {
        let gradient = scale * g[name]![i]!;
        if (algorithm === 'adamw') x -= lr * wd * x;
        else gradient += wd * x;
        if (algorithm === 'sgd') {
          m[name]![i] = momentum * m[name]![i]! + gradient;
          return x - lr * m[name]![i]!;
        }
        m[name]![i] = beta1 * m[name]![i]! + (1 - beta1) * gradient;
        v[name]![i] = beta2 * v[name]![i]! + (1 - beta2) * gradient ** 2;
        const corrected = m[name]![i]! / (1 - beta1 ** done);
        return x - (lr * corrected) / (Math.sqrt(v[name]![i]! / (1 - beta2 ** done)) + epsilon);
      });
      e[name] = e[name]!.map((x, i) => x + (1 - follow) * (p[name]![i]! - x));
    }
  });
  return { p, e, norms };
}

async function train(gpu: Gpu, each: Case) {
  const { algorithm, options, slab } = each;
  const set = new VariableSet('parameters', slab);
  const parameters: Record<string, Tensor> = {};
  for (const name of names)
    parameters[name] = set.add(name, shapes[name]!, () => initial(name), { decays: decays(name) });
  const program = await compile(
    gpu,
    (gradients) => {
      // The gradient of Σ p g is g.
      const terms = used.map((name) => sum(mul(parameters[name]!, gradients[name]!)));
      const loss = terms.reduce((a, b) => add(a, b));
      return { loss, ...algorithms[algorithm](loss, set, options) };
    },
    Object.fromEntries(used.map((name) => [name, shapes[name]!])),
  );
  const norms: number[] = [];
  for (const micros of gradientsOf(each)) {
    const read = ['gradientNorm'] as const;
    const { gradientNorm } = await program.run(micros.length > 1 ? micros : micros[0]!, { read });
    norms.push(gradientNorm[0]!);
  }
  program.dispose();
  return {
    p: await readVariables(gpu, set),
    e: options.average === undefined ? undefined : await readVariables(gpu, averageOf(set)),
    norms,
    slabs: set.slabs.length,
  };
}

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(cases)('$algorithm: $why', async (each) => {
    const expected = reference(each);
    const trained = await train(gpu, each);
    for (const name of names) {
      assertClose(trained.p.get(name)!, expected.p[name]!, 1e-6);
      if (trained.e) assertClose(trained.e.get(name)!, expected.e[name]!, 1e-6);
    }
    // With micro-batches the norm is that of the mean gradient, known with the last of them.
    if (!each.options.microBatches)
      trained.norms.forEach((norm, i) => {
        if (Number.isFinite(expected.norms[i]!)) assertClose([norm], [expected.norms[i]!], 1e-6);
        else expect(norm).not.toSatisfy(Number.isFinite);
      });
    if (each.slab) expect(trained.slabs).toBeGreaterThan(2);

    const again = await train(gpu, each);
    for (const name of names) assertSame(again.p.get(name)!, trained.p.get(name)!);
  });
});
