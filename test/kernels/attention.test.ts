/** Attention by every variant, at sizes that fill tiles and sizes that do not, with masks. */

import { describe, expect, test } from 'vitest';
import { attention } from '../../src/graph/ops/attention.ts';
import { evaluate, targetOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { type AttentionVariant, attentionTunable } from '../../src/kernels/attention.ts';
import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';
import { assertClose, checkOp, type Operand } from '../check.ts';
import { openDevices } from '../devices.ts';
import { at, generate, type Numbers, normal } from '../reference.ts';
import type { Sheet } from '../sheet.ts';

const devices = await openDevices();

interface Said {
  readonly scale?: number;
}
type Cases = Sheet<Said | undefined>['cases'];

/** softmax(scale q kᵀ + mask) v; masks of -1e30 and below hide. */
function reference([q, k, v, mask]: readonly Numbers[], said?: Said): Numbers {
  const [, heads, tokens, size] = q!.shape as [number, number, number, number];
  const keys = k!.shape[2]!;
  const scale = said?.scale ?? 1 / Math.sqrt(size);
  const values = new Array<number>(q!.values.length).fill(0);
  for (let row = 0; row < sizeOf(q!.shape.slice(0, 3)); row++) {
    const head = Math.floor(row / tokens);
    const place = [Math.floor(head / heads), head % heads, row % tokens];
    const scores = Array.from({ length: keys }, (_, j) => {
      const m = mask ? at(mask, [...place, j]) : 0;
      if (m <= -1e30) return -Infinity;
      let s = 0;
      for (let c = 0; c < size; c++)
        s += q!.values[row * size + c]! * k!.values[(head * keys + j) * size + c]!;
      return scale * s + m;
    });
    const top = scores.reduce((a, b) => Math.max(a, b));
    if (top === -Infinity) continue;
    const powers = scores.map((s) => Math.exp(s - top));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, j) => {
      for (let c = 0; c < size; c++)
        values[row * size + c]! += (power / sum) * v!.values[(head * keys + j) * size + c]!;
    });
  }
  return { shape: q!.shape, values };
}

/** [q, k, v] of so many heads. */
const heads = (batch: number, count: number, tokens: number, keys: number, size: number) => [
  [batch, count, tokens, size],
  [batch, count, keys, size],
  [batch, count, keys, size],
];

const random = normal('masks of attention');
/** A mask of normal numbers, of which some hide their key. */
const masked = (shape: Shape, hides: (index: readonly number[]) => boolean): Operand =>
  generate(shape, (index) =>
    hides(index) ? [-Infinity, -1e30, -3.4e38][index[3]! % 3]! : random(),
  );
const large = (shape: Shape) => generate(shape, () => Math.round(25 * random()));
/** All rows of a head are the same. */
const equalRows = (shape: Shape) => {
  const row = large([shape[3]!]).values;
  return generate(shape, (index) => row[index[3]!]!);
};
const some = () => random() > 0.5;

/** Tiles of the kernels have 16, 32 and 64 rows. Each size of a head is three more pipelines for some variants. */
const fitting: Cases = [
  ['a single token', heads(1, 1, 1, 1, 16)],
  ['joints', heads(2, 3, 17, 17, 16)],
  ['a row more than a tile', heads(1, 2, 33, 33, 16)],
  ['rows of tiles, filled', heads(1, 1, 64, 32, 16)],
  ['a head whose quads do not fill the lanes', heads(2, 1, 19, 35, 20)],
  ['the largest head', heads(1, 1, 18, 37, 128)],
  ['as many tokens and keys as a short head has', heads(1, 2, 24, 24, 20)],
  ['fewer tokens than lanes, and the largest head', heads(2, 1, 5, 23, 128)],
  ['the size of the lifters, cross', heads(1, 2, 17, 35, 64)],
  ['a head of 96', heads(1, 1, 33, 20, 96)],
  ['few queries, many keys', heads(1, 1, 3, 150, 16)],
  ['many queries, few keys', heads(1, 1, 150, 2, 16)],
  ['many tiles', heads(1, 1, 130, 70, 16)],
  ['one mask for all', [...heads(2, 2, 17, 20, 16), masked([1, 1, 1, 20], some)]],
  ['a mask for each image', [...heads(2, 2, 18, 33, 16), masked([2, 1, 1, 33], some)]],
  ['a mask for each head', [...heads(2, 3, 9, 40, 16), masked([1, 3, 9, 40], some)]],
  [
    'a mask that hides what comes later',
    [...heads(2, 1, 70, 70, 16), masked([1, 1, 70, 70], ([, , i, j]) => j! > i!)],
  ],
  [
    'masks that hide all keys of some rows, and of whole tiles',
    [...heads(2, 2, 35, 70, 16), masked([2, 2, 35, 70], ([b, , i, j]) => i! % 3 === b! || j! < 40)],
  ],
  ['a mask that hides everything', [...heads(1, 1, 5, 6, 16), masked([1, 1, 1, 6], () => true)]],
  ['a scale of its own', heads(1, 2, 20, 20, 16), { scale: 0.7 }],
];

const sharp: Cases = [
  [
    // Integers, so that scores have no rounding that their size would magnify.
    'logits of some 10,000, whose exponentials overflow',
    [large([1, 2, 20, 16]), large([1, 2, 24, 16]), [1, 2, 24, 16]],
    { scale: 1 },
  ],
  [
    'equal logits of some thousands, of which half an ulp is 2e-4',
    [large([1, 2, 20, 16]), equalRows([1, 2, 24, 16]), [1, 2, 24, 16]],
    { scale: 1 },
  ],
];

const others: Cases = [
  ['a head that quads do not fill', heads(2, 3, 17, 19, 18)],
  ['a head of one value', heads(1, 2, 5, 7, 1)],
  ['a head larger than fused kernels take', heads(1, 2, 9, 11, 132)],
  ['masks of such heads', [...heads(2, 2, 9, 11, 7), masked([2, 1, 9, 11], some)]],
];

const sheet: Sheet<Said | undefined> = {
  op: ([q, k, v, mask], said) => attention(q!, k!, v!, { ...said, ...(mask && { mask }) }),
  reference,
  cases: [],
  tolerance: 2e-6,
};

const shapeOf = (x: Operand): Shape => ('shape' in x ? x.shape : x);
/** What a variant is chosen by, for a case. */
const shapeOfCase = ([q, k]: readonly Operand[]) => {
  const [batch, heads, tokens, size] = shapeOf(q!);
  return [batch!, heads!, tokens!, shapeOf(k!)[2]!, size!, 0, 0];
};

checkOp('attention', devices, { ...sheet, cases: others });
for (const variant of Object.keys(attentionTunable.variants) as AttentionVariant[]) {
  const { fits } = attentionTunable;
  const able = devices.filter(({ gpu }) => fits(variant, targetOf(gpu), [1, 1, 1, 1, 16, 0, 0]));
  if (able.length === 0) continue;
  const target = targetOf(able[0]!.gpu);
  const cases = fitting.filter(([, operands]) => fits(variant, target, shapeOfCase(operands)));
  const told = { ...sheet, variants: { attention: variant } };
  checkOp(`attention, ${variant}`, able, { ...told, cases });
  // Keys of 25 magnify what is rounded in do . v - delta, where both are nearly the same. A log-sum-exp
  // in one number, and nothing else rounded, would be off by up to 8e-5 of the size of a gradient.
  checkOp(`sharp attention, ${variant}`, able, { ...told, cases: sharp, tolerance: 6e-6 });
}

// Its slopes take the reference long, so it is for one device and the variant that is usual there.
checkOp('attention, an image', devices.slice(0, 1), {
  ...sheet,
  cases: [['24 by 24 patches and one', heads(1, 1, 577, 577, 16)]],
});

describe.each(devices)('on $label', ({ gpu }) => {
  const draw = (shape: Shape) => ({ shape, values: generate(shape, random).values });

  test('rows without a key are zeros to the last bit', async () => {
    const [q, k, v] = heads(1, 2, 20, 40, 32).map(draw);
    const mask = { shape: [1, 1, 20, 40], values: new Array<number>(800).fill(-Infinity, 40) };
    mask.values.fill(0, 0, 40);
    const { o } = await evaluate(
      gpu,
      ({ q, k, v, mask }) => ({ o: attention(q, k, v, { mask }) }),
      { q: q!, k: k!, v: v!, mask },
    );
    const hidden = o.filter((_, i) => Math.floor(i / 32) % 20 > 0);
    expect(hidden.every((value) => value === 0)).toBe(true);
    expect(o.slice(0, 32).every((value) => value !== 0)).toBe(true);
  });
});

test('shapes that do not fit are refused with what would', async () => {
  const { gpu } = devices[0]!;
  const refused = (q: Shape, k: Shape, v: Shape, mask?: Shape) =>
    evaluate(
      gpu,
      (x: Record<string, Tensor>) => ({
        o: attention(x.q!, x.k!, x.v!, x.mask && { mask: x.mask }),
      }),
      Object.fromEntries(
        Object.entries({ q, k, v, ...(mask && { mask }) }).map(([name, shape]) => [
          name,
          { shape, values: new Float32Array(sizeOf(shape)) },
        ]),
      ),
    );
  const k = [2, 3, 5, 16];
  await expect(refused([6, 4, 16], k, k)).rejects.toThrow('q must be [batch, heads, tokens, size]');
  await expect(refused([2, 3, 4, 8], k, k)).rejects.toThrow('k and v must be');
  await expect(refused([2, 3, 4, 16], k, [2, 3, 6, 16])).rejects.toThrow('k and v must be');
  await expect(refused([2, 3, 4, 16], k, k, [2, 3, 1, 4])).rejects.toThrow(
    'the mask must be [2 or 1, 3 or 1, 4 or 1, 5], got [2, 3, 1, 4]',
  );
});

test('833 tokens of a head', async () => {
  const shape = [1, 1, 833, 48];
  const draw = () => generate(shape, random);
  const [q, k, v] = [draw(), draw(), draw()];
  const { o } = await evaluate(devices[0]!.gpu, ({ q, k, v }) => ({ o: attention(q, k, v) }), {
    q,
    k,
    v,
  });
  assertClose(o, reference([q, k, v]).values, 2e-6);
});
