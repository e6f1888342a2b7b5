import { expect, test } from 'vitest';
import { family as adamw } from '../../bench/adamw.bench.ts';
import { checkDims, type Family } from '../../bench/family.ts';
import { type Selection, select, wishesOf } from '../../bench/select.ts';
import type { Gpu } from '../../src/gpu/gpu.ts';

/** One case; nothing of it is ever made. */
const family = (name: string, dims: string, shape: readonly number[]): Family => ({
  name,
  dims,
  bytes: '',
  tolerance: 1e-6,
  shapes: [shape],
  cases(shape) {
    checkDims(shape, dims, name);
    const make = () => {
      throw new Error('made before its turn');
    };
    return [{ pass: 'forward', shape, cost: { bytes: 8, flops: 1 }, make }];
  },
});
const product = family('product', 'm,k,n', [2, 3, 4]);
const rows = family('rows', 'rows,columns', [5, 6]);

const chosen = (families: readonly Family[], options: Selection) =>
  select(families, options).selected.map(({ family, what }) =>
    [family.name, what.shape.join(), what.dtype ?? 'f32'].join(' '),
  );

test('cases in f16 come with --f16, beside those in f32', () => {
  expect(chosen([product, rows], {})).toEqual(['product 2,3,4 f32', 'rows 5,6 f32']);
  expect(chosen([product, rows], { f16: true })).toEqual([
    'product 2,3,4 f32',
    'product 2,3,4 f16',
    'rows 5,6 f32',
    'rows 5,6 f16',
  ]);
  expect(chosen([product], { f16: true, filter: 'product f16' })).toEqual(['product 2,3,4 f16']);
  const [, halves] = select([product], { f16: true }).selected;
  expect(halves!.what.cost).toEqual({ bytes: 4, flops: 1 });
});

test('a shape is held against the families that are named, before there is a device', () => {
  expect(chosen([product, rows], { filter: 'rows', shape: [7, 8] })).toEqual(['rows 7,8 f32']);
  expect(() => select([product, rows], { filter: 'rows', shape: [7] })).toThrow(
    /^rows takes --shape rows,columns: 2 whole numbers above 0, got 7$/,
  );
  const { selected, failures } = select([product, rows], { shape: [7, 8] });
  expect(selected.map(({ family }) => family.name)).toEqual(['rows']);
  expect(failures).toMatchObject([{ what: 'product', expected: false }]);
  expect(failures[0]!.why).toContain('product takes --shape m,k,n: 3 whole numbers');
});

test('a whole model that other engines do, too, need be no kernel of ours', () => {
  const named = { filter: 'model update' };
  expect(() => select([product, rows], named)).toThrow(/nothing has this name.* product, rows$/);
  const { selected, failures } = select([product, rows], { ...named, beside: true });
  expect([...selected, ...failures]).toEqual([]);
  // Without a wish no device is asked for anything.
  expect(wishesOf({} as Gpu, selected, {}, failures)).toEqual([]);
});

test('an update by AdamW cannot avoid seven accesses of four bytes for each parameter', () => {
  const [update] = adamw.cases([1000]);
  const [read, written] = [
    ['p', 'g', 'm', 'v'],
    ['p', 'm', 'v'],
  ];
  expect(update!.cost.bytes).toBe(4 * (read!.length + written!.length) * 1000);
});

test('words after a minus are those that a case must not have', () => {
  expect(chosen([product, rows], { filter: '-product' })).toEqual(['rows 5,6 f32']);
  expect(chosen([product, rows], { filter: 'forward -rows' })).toEqual(['product 2,3,4 f32']);
  expect(() => select([product], { filter: 'product -f32' })).toThrow('nothing has this name');
});
