/** Weights in timm's layout against a network in timm's layout, by PyTorch; see test/golden/vit.py. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { convertCommand } from '../../src/cli/convert.ts';
import { toHalves } from '../../src/formats/half.ts';
import {
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { compile } from '../../src/graph/program.ts';
import { initialValuesOf, writeVariables } from '../../src/graph/store.ts';
import { timmWeights } from '../../src/models/timm.ts';
import { vit } from '../../src/models/vit.ts';
import { readWeights, valuesOf } from '../../src/models/weights.ts';
import { assertClose } from '../check.ts';
import { openDevices } from '../devices.ts';
import { arrayOf, type Source } from '../golden/uniform.ts';

interface Timm {
  readonly options: { size: number; patch: number; width: number; depth: number; heads: number };
  readonly tensors: readonly (Source & { name: string })[];
  readonly picture: Source;
  readonly tokens: readonly number[];
  readonly resized: readonly { grid: number; values: number[] }[];
}
const { timm } = JSON.parse(readFileSync('test/golden/vit.json', 'utf8')) as { timm: Timm };
const { options } = timm;
const [device] = await openDevices();
const folder = mkdtempSync(join(tmpdir(), 'kinegrad-timm-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Tensors as a file holds them. */
type Tensors = Map<string, StoredTensor>;
type Dtype = 'F32' | 'F16' | 'BF16';

const bfloats = (data: Float32Array<ArrayBuffer>) =>
  Uint16Array.from(new Uint32Array(data.buffer), (bits) => bits >>> 16);
const encoded = { F32: (data: Float32Array<ArrayBuffer>) => data, F16: toHalves, BF16: bfloats };

const tensorsIn = (dtype: Dtype): Tensors =>
  new Map(
    timm.tensors.map((row) => [
      row.name,
      { dtype, shape: row.shape, data: encoded[dtype](new Float32Array(arrayOf(row))) },
    ]),
  );

const weightsOf = (tensors: Tensors, more = {}) =>
  timmWeights(readSafetensors(writeSafetensors(tensors, { format: 'pt' })), more);

test('the tokens of an image are those of the network that the weights come from', async () => {
  const { gpu } = device!;
  const { values } = weightsOf(tensorsIn('F32'), { heads: options.heads });
  const network = vit({ ...options, encoderHeads: 3, imageDropout: 0, depthDropout: 0 });
  const all = new Map([...(await initialValuesOf(network.parameters)), ...values]);
  await writeVariables(gpu, network.parameters, all);
  const { picture } = timm;
  const program = await compile(gpu, ({ x }) => ({ tokens: network.look(x) }), {
    x: picture.shape,
  });
  const { tokens } = await program.run({ x: arrayOf(picture) }, { read: ['tokens'] });
  program.dispose();
  assertClose(tokens, timm.tokens, 1e-5);
});

test('positions of another grid are resized as timm does', () => {
  for (const { grid, values } of timm.resized) {
    const size = grid * options.patch;
    const found = weightsOf(tensorsIn('F32'), { size, heads: options.heads });
    assertClose(found.values.get('image.positions')!, values, 1e-6);
    expect(found.options.size).toBe(size);
    expect(found.notes.some((note) => note.includes('resized'))).toBe(grid !== 3);
  }
});

test.each([
  ['F32', 0],
  ['F16', 2 ** -11],
  ['BF16', 2 ** -7],
] as const)('weights in %s are those that they stand for', (dtype, tolerance) => {
  const { values } = weightsOf(tensorsIn('F32'));
  const rounded = weightsOf(tensorsIn(dtype)).values;
  expect([...rounded.keys()]).toEqual([...values.keys()]);
  for (const [name, exact] of values) {
    // Of the largest value, as the mean of three colours has the rounding of each.
    const most = exact.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const worst = exact.reduce((e, v, i) => Math.max(e, Math.abs(v - rounded.get(name)![i]!)), 0);
    expect(worst, name).toBeLessThanOrEqual(tolerance * most);
  }
});

test('all that is missing, strange or of another shape is told at once', () => {
  const tensors = tensorsIn('F32');
  tensors.delete('norm.weight');
  tensors.delete('blocks.1.attn.qkv.bias');
  const { width } = options;
  const zeros = (shape: number[]): StoredTensor => ({
    dtype: 'F32',
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  tensors.set('blocks.0.ls1.gamma', zeros([width]));
  tensors.set('blocks.0.mlp.fc1.weight', zeros([2 * width, width]));
  tensors.set('cls_token', zeros([1, 2, width]));
  expect(() => weightsOf(tensors)).toThrow(
    [
      'timm: this is no vision transformer of width 12 and depth 2 as timm lays it out (vit_base_patch16_384, say):',
      '  cls_token is [1, 2, 12], not [1, 1, 12]',
      '  blocks.0.mlp.fc1.weight is [24, 12], not [48, 12]',
      '  blocks.1.attn.qkv.bias [36] is missing',
      '  norm.weight [12] is missing',
      '  blocks.0.ls1.gamma [12] has no place in it',
      'Give the model.safetensors of one with a class token, learned positions and a norm at its end.',
    ].join('\n'),
  );
});

test('a file of something else, and a size without a whole number of patches, are refused', () => {
  expect(() => weightsOf(new Map())).toThrow('the file has none and none');
  expect(() => weightsOf(tensorsIn('F32'), { size: 14 })).toThrow('Give --size 16, say');
});

test('kinegrad convert writes weights of a whole network', async () => {
  const [from, out] = [join(folder, 'timm.safetensors'), join(folder, 'vit.safetensors')];
  writeFileSync(from, writeSafetensors(tensorsIn('BF16'), { format: 'pt' }));
  const said = await convertCommand({ timm: from, out, size: 16, heads: 3, root: 'absolute' });
  expect(said).toContain('left out, the classifier: head.bias, head.weight');
  expect(said).toContain('positions of 3 x 3 patches are resized to 4 x 4, bicubic');
  const weights = await readWeights(readFileSync(out));
  expect(weights.options).toEqual({
    ...options,
    size: 16,
    encoderHeads: 3,
    root: 'absolute',
  });
  const network = vit(weights.options);
  const [[, values]] = valuesOf(network, weights) as [[unknown, Map<string, Float32Array>]];
  const converted = weightsOf(tensorsIn('BF16'), { size: 16 }).values;
  for (const [name, own] of converted) expect(values.get(name)).toEqual(own);
  // The rest begins as it does in a new run.
  const initial = await initialValuesOf(network.parameters, 0);
  expect(values.get('head1.weight')).toEqual(initial.get('head1.weight'));
});
