/**
 * Published weights of vision transformers, as timm names them and lays them out
 * (vit_base_patch16_384 and its kin: pre-norm, class token, learned positions), as those of the image
 * half of the transformer lifter.
 *
 * Dense weights are [out, in] there and are transposed; queries, keys and values share a matrix and
 * are cut apart. The patch embedding, [width, 3, rows, columns], gets a fourth channel for the depth,
 * the mean of the three. Positions of another grid are resized by the bicubic filter, widened where
 * it shrinks, as timm does.
 */

import { asFloat32, type Safetensors } from '../formats/safetensors.ts';
import type { Values } from '../graph/store.ts';
import { show } from '../graph/trace.ts';
import { WrongFileError } from '../platform/errors.ts';
import { resizeGrid } from './grid.ts';
import type { VitOptions } from './vit.ts';

/** What only the classifier of a published network has. */
const CLASSIFIER = /^(head|head_dist|pre_logits|fc)\./;
const COLOURS = 3;

/** Sizes that the file tells, and those that it does not. */
interface Sizes {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  /** Patches along each side, there and here. */
  readonly from: number;
  readonly to: number;
}

/** Makes variables of ours out of a tensor of theirs. */
type Entry = readonly [shape: readonly number[], convert: (data: Float32Array) => Values];

export interface TimmWeights {
  /** Of the network that they fit, which tell its size, patch, width, depth and heads. */
  readonly options: Required<Pick<VitOptions, 'size' | 'patch' | 'width' | 'depth' | 'heads'>>;
  /** Values of the variables `image.*` of that network. */
  readonly values: Values;
  /** What was changed beyond its layout, and what was left out: sentences for people. */
  readonly notes: readonly string[];
}

export interface TimmOptions {
  /** Pixels along each side of a view; those of the published network. */
  readonly size?: number | undefined;
  /** Heads, which the shapes do not tell; a 64th of the width, as all published ones but two have. */
  readonly heads?: number | undefined;
}

/**
 * Reads the weights out of a file.
 * @throws WrongFileError that lists all tensors which are missing, not known, or of another shape
 */
export function timmWeights(
  { tensors }: Safetensors,
  { size, heads }: TimmOptions = {},
): TimmWeights {
  const sizes = sizesOf(tensors, size);
  const { width, depth, patch, from, to } = sizes;
  const expected = entries(sizes);
  const [left, others] = parted([...tensors.keys()], (name) => CLASSIFIER.test(name));
  const faults = [
    ...[...expected].flatMap(([name, [shape]]) => {
      const given = tensors.get(name)?.shape;
      if (!given) return [`${name} ${show(shape)} is missing`];
      return given.join() === shape.join() ? [] : [`${name} is ${show(given)}, not ${show(shape)}`];
    }),
    ...others
      .filter((name) => !expected.has(name))
      .map((name) => `${name} ${show(tensors.get(name)!.shape)} has no place in it`),
  ];
  if (faults.length)
    throw new WrongFileError(
      `timm: this is no vision transformer of width ${width} and depth ${depth} as timm lays it out (vit_base_patch16_384, say):\n` +
        faults.map((fault) => `  ${fault}\n`).join('') +
        'Give the model.safetensors of one with a class token, learned positions and a norm at its end.',
    );
  const values: Values = new Map();
  for (const [name, [, convert]] of expected)
    for (const [ours, data] of convert(asFloat32(tensors.get(name)!))) values.set(ours, data);
  const chosen = heads ?? Math.max(1, Math.round(width / 64));
  const notes = [
    'the patches have a fourth channel, depth: the mean of the three colours',
    ...(from === to
      ? []
      : [`positions of ${from} x ${from} patches are resized to ${to} x ${to}, bicubic`]),
    ...(left.length ? [`left out, the classifier: ${left.join(', ')}`] : []),
  ];
  return { options: { size: to * patch, patch, width, depth, heads: chosen }, values, notes };
}

function sizesOf(tensors: Safetensors['tensors'], size: number | undefined): Sizes {
  const places = tensors.get('pos_embed')?.shape;
  const patches = tensors.get('patch_embed.proj.weight')?.shape;
  if (places?.length !== 3 || patches?.length !== 4)
    throw new WrongFileError(
      `timm: pos_embed [1, tokens, width] and patch_embed.proj.weight [width, ${COLOURS}, rows, columns] tell the sizes, and the file has ${places ? show(places) : 'none'} and ${patches ? show(patches) : 'none'}. ` +
        'Give the model.safetensors of a vision transformer such as vit_base_patch16_384.',
    );
  const [tokens, width] = places.slice(1) as [number, number];
  const patch = patches[2]!;
  const from = Math.round(Math.sqrt(Math.max(1, tokens - 1)));
  if (size !== undefined && size % patch !== 0)
    throw new Error(
      `timm: views of ${size} pixels are no whole number of patches of ${patch}. Give --size ${patch * Math.max(1, Math.round(size / patch))}, say`,
    );
  const numbers = [...tensors.keys()].map((name) =>
    Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1),
  );
  return {
    width,
    depth: 1 + numbers.reduce((a, b) => Math.max(a, b), -1),
    patch,
    from,
    to: size === undefined ? from : size / patch,
  };
}

/** Every tensor that there must be, and what becomes of it. */
function entries({ width, depth, patch, from, to }: Sizes): ReadonlyMap<string, Entry> {
  const all = new Map<string, Entry>();
  const same = (theirs: string, shape: readonly number[], ours: string) =>
    all.set(theirs, [shape, (data) => new Map([[ours, data]])]);
  const norm = (theirs: string, ours: string) => {
    same(`${theirs}.weight`, [width], `${ours}.scale`);
    same(`${theirs}.bias`, [width], `${ours}.shift`);
  };
  /** Outputs in as many parts as there are names. */
  const dense = (
    theirs: string,
    [inputs, outputs]: readonly [number, number],
    ours: readonly string[],
  ) => {
    const parts = (data: Float32Array, end: string, each = (part: Float32Array) => part) => {
      const length = data.length / ours.length;
      const part = (i: number) => each(data.slice(i * length, (i + 1) * length));
      return new Map(ours.map((name, i) => [`${name}.${end}`, part(i)]));
    };
    const turn = (part: Float32Array) => transposed(part, part.length / inputs, inputs);
    all.set(`${theirs}.weight`, [[outputs, inputs], (data) => parts(data, 'weight', turn)]);
    all.set(`${theirs}.bias`, [[outputs], (data) => parts(data, 'bias')]);
  };

  same('cls_token', [1, 1, width], 'image.class');
  all.set('pos_embed', [
    [1, 1 + from * from, width],
    (data) => new Map([['image.positions', resized(data, { width, from, to })]]),
  ]);
  all.set('patch_embed.proj.weight', [
    [width, COLOURS, patch, patch],
    (data) => new Map([['image.patches.weight', withDepth(data, width, patch)]]),
  ]);
  same('patch_embed.proj.bias', [width], 'image.patches.bias');
  for (let i = 0; i < depth; i++) {
    const [theirs, ours] = [`blocks.${i}`, `image.block${i + 1}`];
    norm(`${theirs}.norm1`, `${ours}.norm1`);
    const three = ['query', 'key', 'value'].map((part) => `${ours}.attention.${part}`);
    dense(`${theirs}.attn.qkv`, [width, 3 * width], three);
    dense(`${theirs}.attn.proj`, [width, width], [`${ours}.attention.output`]);
    norm(`${theirs}.norm2`, `${ours}.norm2`);
    dense(`${theirs}.mlp.fc1`, [width, 4 * width], [`${ours}.mlp.expand`]);
    dense(`${theirs}.mlp.fc2`, [4 * width, width], [`${ours}.mlp.shrink`]);
  }
  norm('norm', 'image.norm');
  return all;
}

function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return out;
}

/** [width, 3, rows, columns] as the matrix [rows columns 4, width], the mean as the fourth channel. */
function withDepth(data: Float32Array, width: number, patch: number): Float32Array {
  const pixels = patch * patch;
  const out = new Float32Array(pixels * (COLOURS + 1) * width);
  for (let w = 0; w < width; w++)
    for (let pixel = 0; pixel < pixels; pixel++) {
      let sum = 0;
      for (let c = 0; c < COLOURS; c++) {
        const value = data[(w * COLOURS + c) * pixels + pixel]!;
        out[(pixel * (COLOURS + 1) + c) * width + w] = value;
        sum += value;
      }
      out[(pixel * (COLOURS + 1) + COLOURS) * width + w] = sum / COLOURS;
    }
  return out;
}

/** Positions, that of the class token first, for another grid of patches. */
function resized(
  data: Float32Array,
  { width, from, to }: Pick<Sizes, 'width' | 'from' | 'to'>,
): Float32Array {
  if (from === to) return data;
  const out = new Float32Array((1 + to * to) * width);
  out.set(data.subarray(0, width));
  out.set(resizeGrid(data.subarray(width), { from, to, channels: width }), width);
  return out;
}

function parted<T>(all: readonly T[], test: (each: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((each) => !test(each))];
}
