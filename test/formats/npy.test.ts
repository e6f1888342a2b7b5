/** Files that NumPy wrote: test/fixtures/numpy/make.py made them. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readNpy, readNpyArray, readNpz } from '../../src/formats/npy.ts';
import type { NumpyArray } from '../../src/formats/numpy.ts';
import { readZip } from '../../src/formats/zip.ts';

const bytesOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/numpy/${name}`, import.meta.url)));
const list = (array: unknown) => Array.from((array as NumpyArray).data);

for (const dtype of ['f8', 'f4', 'f2', 'i8', 'u8', 'i4', 'u4', 'i2', 'u2', 'i1', 'u1'])
  test(`an array of ${dtype}`, () => {
    const array = readNpyArray(bytesOf(`${dtype}.npy`));
    expect(array.shape).toEqual([2, 3]);
    expect(list(array)).toEqual([0, 1, 2, 3, 4, 5]);
  });

test('truth values, the other byte order, and columns first', () => {
  expect(list(readNpyArray(bytesOf('bool.npy')))).toEqual([0, 1, 0, 1, 0, 1]);
  expect(list(readNpyArray(bytesOf('big_endian.npy')))).toEqual([0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
  const columns = readNpyArray(bytesOf('fortran.npy'));
  expect(columns.shape).toEqual([2, 3, 4]);
  expect(list(columns)).toEqual(Array.from({ length: 24 }, (_, i) => i));
});

function expectNested(read: unknown) {
  const map = read as Map<unknown, unknown>;
  const walking = (map.get('S1') as Map<string, NumpyArray>).get('Walking 1')!;
  expect(walking.shape).toEqual([2, 2, 3]);
  expect(walking.data).toBeInstanceOf(Float32Array);
  expect(list(walking)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  const views = map.get('views') as NumpyArray[];
  expect(views.map(list)).toEqual([
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5],
  ]);
  expect(map.get('text')).toBe('Grüße');
  expect(map.get('again')).toBe('Grüße');
  expect(map.get('numbers')).toEqual([1, -3, 300, 70000, -(2 ** 40), 2.5, true, false, null]);
  expect(map.get('scalar')).toBe(1.5);
  expect(map.get(5)).toBe('a number as key');
}

for (const protocol of [2, 3, 4, 5])
  test(`a dictionary of arrays, pickled by protocol ${protocol}`, () => {
    expectNested(readNpy(bytesOf(`protocol_${protocol}.npy`)));
  });

for (const name of ['stored.npz', 'packed.npz'])
  test(`archives: ${name}`, async () => {
    const { names, get } = readNpz(bytesOf(name));
    expect(names).toEqual(['a', 'nested']);
    expect(list(await get('a'))).toEqual([0, 1, 2, 3, 4, 5]);
    expectNested(await get('nested'));
    await expect(get('b')).rejects.toThrow("npz: there is no 'b' in the file, only a, nested.");
  });

test('a pickle that asks for a function is refused, and runs nothing', () => {
  expect(() => readNpy(bytesOf('harm.npy'))).toThrow(
    /pickle: the file asks for posix\.system\. Only plain NumPy arrays/,
  );
});

test('whatever is cut off or damaged gives one sentence', async () => {
  for (const name of ['f4.npy', 'protocol_2.npy', 'protocol_4.npy', 'protocol_5.npy']) {
    const bytes = bytesOf(name);
    for (let length = 0; length < bytes.length; length += 3)
      expect(() => readNpy(bytes.subarray(0, length)), `${name}, ${length}`).toThrow(
        /^(npy|pickle): .*\.$/,
      );
  }
  const archive = bytesOf('packed.npz');
  for (let length = 0; length < archive.length; length += 7)
    expect(() => readZip(archive.subarray(0, length))).toThrow(/^zip: .*\.$/);
  // A byte that nothing depends on, such as a time, may be damaged without harm.
  const contents = async (bytes: Uint8Array) =>
    Promise.all(readZip(bytes).map(async (entry) => `${await entry.read()}`));
  const whole = await contents(archive);
  for (let at = 0; at < archive.length; at += 5) {
    const damaged = archive.slice();
    damaged[at]! ^= 0x55;
    try {
      expect(await contents(damaged), `byte ${at}`).toEqual(whole);
    } catch (error) {
      expect((error as Error).message, `byte ${at}`).toMatch(/^zip: .*\.$/);
    }
  }
});

test('other files are refused by what they are', () => {
  expect(() => readNpy(new TextEncoder().encode('{"not": "numpy"}'))).toThrow(/no \.npy file/);
  expect(() => readNpyArray(bytesOf('protocol_4.npy'))).toThrow(/Python objects/);
});
