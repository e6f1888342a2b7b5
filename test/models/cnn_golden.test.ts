/**
 * The convolutional lifter, its losses and all its gradients against PyTorch in f64
 * (`test/golden/cnn.py` makes the numbers).
 */

import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { grad } from '../../src/graph/autograd.ts';
import { compile } from '../../src/graph/program.ts';
import { readVariables, writeVariables } from '../../src/graph/store.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type CnnOptions, cnn } from '../../src/models/cnn.ts';
import type { ViewInputs } from '../../src/models/two_stage.ts';
import { dependentLoss, independentLoss } from '../../src/train/losses.ts';
import { arrayOf, type Source, uniform } from '../golden/uniform.ts';

interface Row {
  name: string;
  shape: number[];
  stream: number;
  offset: number;
  scale: number;
  learned: boolean;
  /** Stream of what the values are projected onto. */
  projection: number;
  /** Projection, norm and largest absolute value. */
  numbers: [number, number, number];
  at: number[];
  entries: number[];
}

interface Member {
  name: string;
  options: CnnOptions & { size: number };
  batch: number;
  count: number;
  inputs: Record<'image' | 'depth' | 'joints' | 'view' | 'target', Source>;
  loss: { kind: 'independent' | 'dependent'; value: number };
  inference: number[];
  training: number[];
  variables: Row[];
}

const { members, generator } = JSON.parse(
  readFileSync(new URL('../golden/cnn.json', import.meta.url), 'utf8'),
) as { members: Member[]; generator: { check: { stream: number; first: number[] }[] } };

test('the generator gives the numbers that Python gave', () => {
  for (const { stream, first } of generator.check)
    expect([0, 1, 2, 3].map((i) => uniform(stream, i))).toEqual(first);
});

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

/** Pictures and depth are drawn as so many fields along each side. */
const FIELDS = 8;

/** What the networks are given, as the golden file describes it. */
function valuesOf({ inputs, options: { size }, batch }: Member) {
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, source]) => [name, arrayOf(source)]),
  ) as Record<keyof Member['inputs'], Float32Array>;
  values.depth.forEach((_, i) => {
    if (i % 7 === 0 || Math.floor(i / FIELDS ** 2) === 1) values.depth[i] = 0;
  });
  const spread = (fields: Float32Array, channels: number) => {
    const at = (pixel: number) => Math.floor((pixel * FIELDS) / size);
    return Float32Array.from({ length: batch * size * size * channels }, (_, i) => {
      const pixel = Math.floor(i / channels);
      const [n, y, x] = [
        Math.floor(pixel / size ** 2),
        Math.floor(pixel / size) % size,
        pixel % size,
      ];
      return fields[((n * FIELDS + at(y)) * FIELDS + at(x)) * channels + (i % channels)]!;
    });
  };
  return { ...values, image: spread(values.image, 3), depth: spread(values.depth, 1) };
}

/** Of f32, relative to the largest value of a tensor. */
const TOLERANCE = 1e-4;

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe.each(members)('$name', (member) => {
  const { options, batch, variables } = member;
  const { size } = options;
  const values = valuesOf(member);
  const shapes = {
    image: [batch, size, size, 3],
    depth: [batch, size, size, 1],
    joints: [batch, 17, 2],
    view: [batch, 1],
  } as const;
  const make = async () => {
    const network = cnn({ ...options, dropout: 0, imageDropout: 0, depthDropout: 0 });
    const drawn = new Map(variables.map((row) => [row.name, arrayOf(row)]));
    for (const set of [network.parameters, network.statistics]) {
      const own = set.variables.map(({ name }) => [name, drawn.get(name)!] as const);
      await writeVariables(gpu, set, new Map(own));
    }
    return network;
  };

  test('has the parameters that PyTorch has', async () => {
    const network = cnn(options);
    const ours = [...network.parameters.variables, ...network.statistics.variables];
    const shapesOf = (rows: readonly { name: string; shape: readonly number[] }[]) =>
      new Map(rows.map(({ name, shape }) => [name, shape]));
    expect(shapesOf(ours)).toEqual(shapesOf(variables));
    const count = network.parameters.variables.reduce((sum, { size }) => sum + size, 0);
    expect(count).toBe(member.count);
  });

  test('inference', async () => {
    const network = await make();
    const program = await compile(
      gpu,
      (views) => ({ poses: network(views as unknown as ViewInputs) }),
      shapes,
    );
    const { target: _, ...views } = values;
    const { poses } = await program.run(views, { read: ['poses'] });
    program.dispose();
    const scale = largest(member.inference);
    member.inference.forEach((v, i) => {
      expect(Math.abs(poses[i]! - v), `pose value ${i}`).toBeLessThan(TOLERANCE * scale);
    });
  });

  test('training: poses, loss, gradients and running statistics', async () => {
    const network = await make();
    const parameters = network.parameters.variables;
    const lossOf = { independent: independentLoss, dependent: dependentLoss }[member.loss.kind];
    const program = await compile(
      gpu,
      ({ target, ...views }) => {
        const poses = network(views as unknown as ViewInputs, { training: true });
        const loss = lossOf(poses, target);
        const gradients = grad(
          loss,
          parameters.map(({ tensor }) => tensor),
        );
        const named = parameters.map(({ name }, i) => [name, gradients[i]!] as const);
        return { loss, poses, ...Object.fromEntries(named) } as Record<string, Tensor>;
      },
      { ...shapes, target: [batch, 17, 3] },
    );
    const read = await program.run(values, {
      read: ['loss', 'poses', ...parameters.map(({ name }) => name)],
    });
    program.dispose();
    expect(Math.abs(read.loss![0]! / member.loss.value - 1), 'loss').toBeLessThan(TOLERANCE);
    const scale = largest(member.training);
    member.training.forEach((v, i) => {
      expect(Math.abs(read.poses![i]! - v), `pose value ${i}`).toBeLessThan(TOLERANCE * scale);
    });

    const statistics = await readVariables(gpu, network.statistics);
    const learned = variables.filter((row) => row.learned);
    const sizes = learned.map(({ numbers }) => numbers[2]).sort((a, b) => a - b);
    const median = sizes[sizes.length >> 1]!;
    let worst = { error: 0, what: '' };
    for (const row of variables) {
      const got = row.learned ? read[row.name]! : statistics.get(row.name)!;
      const [projection, norm, most] = row.numbers;
      // A gradient that is small since terms of usual size cancel is as exact as those; one that
      // vanishes, as of a shift that the next norm takes out, is nothing but their rounding.
      const least = row.learned ? (most < 1e-9 ? median : 0.1 * median) : 0;
      const unit = Math.max(most, least);
      const errors: [number, string][] = row.entries.map((v, i) => [
        Math.abs(got[row.at[i]!]! - v) / unit,
        `${row.name}[${row.at[i]}]`,
      ]);
      const ofAll = Math.max(norm, least * Math.sqrt(got.length));
      const onto = got.reduce((sum, v, i) => sum + v * uniform(row.projection, i), 0);
      const length = Math.sqrt(got.reduce((sum, v) => sum + v * v, 0));
      errors.push([Math.abs(onto - projection) / ofAll, `${row.name}, projected`]);
      errors.push([Math.abs(length - norm) / ofAll, `norm of ${row.name}`]);
      errors.push([Math.abs(largest(got) - most) / unit, `largest of ${row.name}`]);
      for (const [error, what] of errors) if (!(error <= worst.error)) worst = { error, what };
    }
    expect(worst.error, worst.what).toBeLessThan(TOLERANCE);
  });
});
