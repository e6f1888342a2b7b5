/** The transformer lifter, its losses and its gradients against PyTorch in f64; see test/golden/vit.py. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grad } from '../../src/graph/autograd.ts';
import { f16 } from '../../src/graph/halves.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { type CompileOptions, compile, evaluate, planOf } from '../../src/graph/program.ts';
import { writeVariables } from '../../src/graph/store.ts';
import { bytesOfSet } from '../../src/graph/variables.ts';
import { sizeOf } from '../../src/kernels/tensor.ts';
import type { ViewInputs } from '../../src/models/two_stage.ts';
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
  const [small, , simple] = members as [Member, Member, Member];

  /** Poses and a gradient of the first views of a member's batch. */
  async function run(member: Member, batch: number, options: CompileOptions = {}) {
    const network = await networkOf(gpu, member);
    const whole = shapesOf(member);
    const shapes = Object.fromEntries(
      Object.entries(whole).map(([name, shape]) => [name, [batch, ...shape.slice(1)]]),
    );
    const program = await compile(
      gpu,
      ({ target, ...inputs }) => {
        const poses = network(inputs as unknown as ViewInputs, { training: true });
        const [patches] = network.parameters.variables;
        const [gradient] = grad(independentLoss(poses, target!), [patches!.tensor]);
        return { poses, gradient: gradient! };
      },
      shapes,
      options,
    );
    const views = Object.entries(drawn(member)).map(
      ([name, values]) => [name, values.subarray(0, sizeOf(shapes[name]!))] as const,
    );
    const values = await program.run(Object.fromEntries(views), { read: ['poses', 'gradient'] });
    const dispatches = program.plan.dispatches.length;
    program.dispose();
    return { ...values, dispatches };
  }

  test('fusing changes no pose and no gradient, and a view alone is lifted as among others', async () => {
    const fused = await run(small, small.batch);
    const plain = await run(small, small.batch, { fuse: false });
    expect(fused.dispatches).toBeLessThan(plain.dispatches);
    assertClose(fused.poses, plain.poses, 1e-5);
    assertClose(fused.gradient, plain.gradient, 1e-5);
    const alone = await run(small, 1);
    assertClose(alone.poses, fused.poses.subarray(0, alone.poses.length), 1e-5);
  });

  test('halves between ops cost little accuracy', async () => {
    const halves = await run(simple, simple.batch, { storage: f16 });
    const wide = await run(simple, simple.batch);
    assertClose(halves.poses, wide.poses, 5e-3);
    assertClose(halves.gradient, wide.gradient, 5e-3);
  });

  test('a training step of the full size, four views, fits 4 GB with them', () => {
    const network = vit();
    const [n, size] = [4, 384];
    const shapes = {
      image: [n, size, size, 3],
      depth: [n, size, size, 1],
      joints: [n, 17, 2],
      view: [n, 1],
      target: [n, 17, 3],
    } as const;
    const bytesOf = (options: CompileOptions) => {
      const plan = planOf(
        gpu,
        ({ target, ...inputs }) => {
          const loss = dependentLoss(network(inputs, { training: true }), target);
          return { loss, ...adamW(loss, network.parameters, { rate: 1e-4, lossScale: {} }) };
        },
        shapes,
        options,
      );
      // Parameters, moments and what little else outlasts the plan.
      return plan.bytes + plan.sets.reduce((sum, set) => sum + bytesOfSet(set), 0);
    };
    const bytes = bytesOf({ storage: f16 });
    expect(bytes).toBeLessThan(4e9);
    expect(bytes).toBeLessThan(0.8 * bytesOf({}));
  });

  test('without points the numbers beside the picture do not matter, with them they do', async () => {
    const sizes = { size: 16, patch: 8, width: 8, depth: 1, heads: 2, mapSize: 8, encoderHeads: 2 };
    const views = {
      image: { shape: [1, 16, 16, 3], values: new Float32Array(768).fill(0.5) },
      depth: { shape: [1, 16, 16, 1], values: new Float32Array(256) },
      joints: { shape: [1, 17, 2], values: Float32Array.from({ length: 34 }, (_, i) => i / 3) },
    };
    const lifted = async (points: boolean, view: number) => {
      const network = vit({ ...sizes, fusion: 1, encoder: 1, points });
      const inputs = { ...views, view: { shape: [1, 1], values: [view] } };
      return (await evaluate(gpu, (views) => ({ poses: network(views) }), inputs)).poses;
    };
    expect(await lifted(false, -1)).toEqual(await lifted(false, -2));
    expect(await lifted(true, -1)).not.toEqual(await lifted(true, -2));
  });
});

describe('what does not fit is told', () => {
  test.each<[why: string, options: VitOptions, message: string]>([
    [
      'views that patches do not cover',
      { size: 100 },
      'vit: size 100 must be a multiple of patch 16, since patches cover it whole. Give 96, say',
    ],
    [
      'heatmaps that patches do not cover',
      { mapSize: 62 },
      'vit: mapSize 62 must be a multiple of mapPatch 4, since patches cover it whole. Give 64, say',
    ],
    ['a patch of half a pixel', { patch: 0.5 }, 'Give a whole number above 0 for the patch, say'],
    ['half a block', { depth: 1.5 }, 'vit: depth 1.5 must be a whole number of blocks'],
    ['no features', { width: 0 }, 'vit: width 0 must be a whole number above 0'],
    [
      'heads that do not divide the features',
      { width: 100, depth: 1 },
      'image.block1.attention: 12 heads do not divide 100 features. Give a number that divides them',
    ],
  ])('%s', (_, options, message) => {
    expect(() => vit(options)).toThrow(message);
  });

  const views = {
    image: [1, 16, 16, 3],
    depth: [1, 16, 16, 1],
    joints: [1, 17, 2],
    view: [1, 1],
  } as const;
  const small = { size: 16, width: 8, depth: 0, heads: 2, mapSize: 8, encoder: 0 } as const;

  test.each<[why: string, inputs: Partial<Record<keyof typeof views, number[]>>, message: string]>([
    ['views of another size', { image: [1, 32, 32, 3] }, 'vit: image must be [1, 16, 16, 3]'],
    ['joints by coordinate', { joints: [1, 34] }, 'vit: joints must be [1, 17, 2], got [1, 34]'],
    [
      'a depth for each of two views',
      { depth: [2, 16, 16, 1] },
      'vit: depth must be [1, 16, 16, 1]',
    ],
  ])('%s', (_, inputs, message) => {
    const { gpu } = devices[0]!;
    const network = vit({ ...small, fusion: 1 });
    expect(() =>
      planOf(gpu, (t) => ({ poses: network(t) }), { ...views, ...inputs } as typeof views),
    ).toThrow(message);
  });

  test('the attention of a fusion block that is not there', () => {
    const { gpu } = devices[0]!;
    const network = vit({ ...small, fusion: 1 });
    expect(() => planOf(gpu, (t) => attentionMaps(network, t, { block: 2 }), views)).toThrow(
      'attentionMaps: there is no fusion block 2; this network has 1. Count from 1',
    );
  });
});
