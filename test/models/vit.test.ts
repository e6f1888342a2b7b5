/** The transformer lifter, its losses and its gradients against PyTorch in f64; see test/golden/vit.py. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { compile } from '../../src/graph/program.ts';
import { writeVariables } from '../../src/graph/store.ts';
import { attentionMaps, type VitOptions, vit } from '../../src/models/vit.ts';
import { dependentLoss, independentLoss } from '../../src/train/losses.ts';
import { assertClose, COMPILING } from '../check.ts';
import { openDevices } from '../devices.ts';
import { checkSummary, type Summary } from '../golden/summary.ts';
import { arrayOf, type Source, uniform } from '../golden/uniform.ts';

interface Member {
  readonly name: string;
  readonly options: VitOptions;
  readonly batch: number;
  readonly count: number;
  readonly inputs: Readonly<Record<'image' | 'depth' | 'joints' | 'view' | 'target', Source>>;
  readonly loss: { readonly kind: 'independent' | 'dependent'; readonly value: number };
  readonly tokens: Summary;
  readonly shares: Readonly<Record<'image' | 'maps', Summary & { shape: number[] }>>;
  readonly poses: readonly number[];
  readonly variables: readonly (Summary & Source & { name: string })[];
}

const { members, generator } = JSON.parse(readFileSync('test/golden/vit.json', 'utf8')) as {
  members: readonly Member[];
  generator: { check: { stream: number; first: number[] }[] };
};
const TOLERANCE = 1e-4;
const losses = { independent: independentLoss, dependent: dependentLoss };
const undropped = { imageDropout: 0, depthDropout: 0 };

const devices = await openDevices();

/** Inputs of a member: of depth every seventh value is 0, and all of the second view. */
function drawn({ inputs }: Member) {
  const arrays = Object.fromEntries(
    Object.entries(inputs).map(([name, source]) => [name, arrayOf(source)]),
  ) as Record<keyof Member['inputs'], Float32Array>;
  const view = arrays.depth.length / inputs.depth.shape[0]!;
  arrays.depth.forEach((_, i) => {
    if (i % 7 === 0 || Math.floor(i / view) === 1) arrays.depth[i] = 0;
  });
  return arrays;
}

const shapesOf = ({ inputs }: Member) => ({
  image: inputs.image.shape,
  depth: inputs.depth.shape,
  joints: inputs.joints.shape,
  view: inputs.view.shape,
  target: inputs.target.shape,
});

/** The network of a member, whose variables are those of the golden file. */
async function networkOf(gpu: (typeof devices)[number]['gpu'], member: Member) {
  const network = vit({ ...member.options, ...undropped });
  const values = new Map(member.variables.map((row) => [row.name, arrayOf(row)]));
  await writeVariables(gpu, network.parameters, values);
  return network;
}

test('the generator gives the numbers that Python gave', () => {
  for (const { stream, first } of generator.check)
    expect(first.map((_, i) => uniform(stream, i))).toEqual(first);
});

describe.each(devices)('on $label', ({ gpu }) => {
  test.each(members)(
    '$name',
    async (member) => {
      const network = await networkOf(gpu, member);
      const { variables } = network.parameters;
      expect(variables.map(({ name, shape }) => [name, shape])).toEqual(
        member.variables.map(({ name, shape }) => [name, shape]),
      );
      expect(variables.reduce((sum, { size }) => sum + size, 0)).toBe(member.count);
      const program = await compile(
        gpu,
        ({ target, ...inputs }) => {
          const poses = network(inputs, { training: true });
          const loss = losses[member.loss.kind](poses, target);
          const gradients = grad(
            loss,
            variables.map(({ tensor }) => tensor),
          );
          const { image, maps } = attentionMaps(network, inputs);
          return {
            poses,
            loss,
            tokens: network.streams(inputs).image,
            image,
            maps,
            ...Object.fromEntries(variables.map(({ name }, i) => [`d ${name}`, gradients[i]!])),
          };
        },
        shapesOf(member),
      );
      const names = Object.keys(program.plan.outputs) as 'poses'[];
      const read: Record<string, Float32Array> = await program.run(drawn(member), { read: names });
      program.dispose();
      assertClose(read.poses!, member.poses, TOLERANCE);
      expect(Math.abs(read.loss![0]! / member.loss.value - 1)).toBeLessThan(TOLERANCE);
      checkSummary('the image tokens', read.tokens!, member.tokens, TOLERANCE);
      for (const kind of ['image', 'maps'] as const)
        checkSummary(`attention of ${kind} tokens`, read[kind]!, member.shares[kind], TOLERANCE);
      for (const row of member.variables) {
        const gradient = read[`d ${row.name}`]!;
        if (row.name.endsWith('key.bias')) {
          // A key's bias moves all scores of a query alike, and softmax does not see it: what is left
          // is rounding, beside the gradient of the query's bias.
          const beside = member.variables.find(
            ({ name }) => name === row.name.replace('key', 'query'),
          )!;
          const most = gradient.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
          expect(most, row.name).toBeLessThan(TOLERANCE * beside.numbers[2]);
        } else checkSummary(`gradient of ${row.name}`, gradient, row, TOLERANCE);
      }
    },
    COMPILING,
  );
});

describe('on the best device', () => {
  const { gpu } = devices[0]!;
  const [member] = members as [Member];

  test('fusing dispatches changes no pose and no gradient, and a batch of one is the first of many', async () => {
    const network = await networkOf(gpu, member);
    const data = drawn(member);
    const run = async (fuse: boolean, batch: number) => {
      const cut = <T extends { length: number }>(shape: T) => [
        batch,
        ...[...(shape as never)].slice(1),
      ];
      const shapes = Object.fromEntries(
        Object.entries(shapesOf(member)).map(([name, shape]) => [name, cut(shape)]),
      );
      const program = await compile(
        gpu,
        ({ target, ...inputs }) => {
          const poses = network(inputs as never, { training: true });
          const [gradient] = grad(independentLoss(poses, target!), [
            network.parameters.variables[0]!.tensor,
          ]);
          return { poses, gradient: gradient! };
        },
        shapes,
        { fuse },
      );
      const some = Object.fromEntries(
        Object.entries(data).map(([name, values]) => [
          name,
          values.subarray(0, (values.length / member.batch) * batch),
        ]),
      );
      const values = await program.run(some, { read: ['poses', 'gradient'] });
      const dispatches = program.plan.dispatches.length;
      program.dispose();
      return { ...values, dispatches };
    };
    const fused = await run(true, member.batch);
    const plain = await run(false, member.batch);
    expect(fused.dispatches).toBeLessThan(plain.dispatches);
    assertClose(fused.poses, plain.poses, 1e-5);
    assertClose(fused.gradient, plain.gradient, 1e-5);
    const alone = await run(true, 1);
    assertClose(alone.poses, fused.poses.subarray(0, alone.poses.length), 1e-5);
  });
});
