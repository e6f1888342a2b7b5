import { describe, expect, it } from 'vitest';
import {
  asFloat32,
  readSafetensors,
  type StoredTensor,
  tensorNamed,
  writeSafetensors,
} from '../../src/formats/safetensors.ts';
import { SafetensorsError } from '../../src/formats/safetensors_header.ts';

/** A file made by hand: the header's length in 8 bytes, little-endian, the header, the data. */
function file(header: string, data: readonly number[] = [], length?: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const entry = (dtype: string, shape: number[], offsets: number[]) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

function errorOf(bytes: Uint8Array): SafetensorsError {
  try {
    readSafetensors(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(SafetensorsError);
    return error as SafetensorsError;
  }
  throw new Error('the file was accepted');
}

describe('readSafetensors', () => {
  it('reads a file made by hand from the format', () => {
    const header =
      '{"__metadata__":{"by":"hand"},' +
      `"a":${entry('F32', [2], [0, 8])},"b":${entry('I16', [1, 2], [8, 12])},` +
      `"c":${entry('F16', [2], [12, 16])},"d":${entry('I64', [], [16, 24])},` +
      `"e":${entry('U8', [3, 0], [24, 24])},"f":${entry('U32', [1], [24, 28])}}  `;
    // 1.5 and -2 as f32; -2 and 258 as i16; 1 and -0.5 as f16; -1 as i64; 0x01020304 as u32
    const data = [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0, 0xfe, 0xff, 2, 1, 0, 0x3c, 0, 0xb8];
    data.push(...new Array<number>(8).fill(0xff), 4, 3, 2, 1);
    const { tensors, metadata } = readSafetensors(file(header, data));
    expect(metadata).toEqual({ by: 'hand' });
    expect([...tensors.keys()]).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect([...tensors.get('a')!.data]).toEqual([1.5, -2]);
    expect([...tensors.get('b')!.data]).toEqual([-2, 258]);
    expect(tensors.get('b')!.shape).toEqual([1, 2]);
    expect([...asFloat32(tensors.get('c')!)]).toEqual([1, -0.5]);
    expect([...tensors.get('d')!.data]).toEqual([-1n]);
    expect([...asFloat32(tensors.get('d')!)]).toEqual([-1]);
    expect(tensors.get('e')!.data.length).toBe(0);
    expect([...tensors.get('f')!.data]).toEqual([0x01020304]);
  });

  it('gives bfloat16 as the f32 whose upper half it is', () => {
    const data = Uint16Array.of(0x3f80, 0xc049, 0x0001, 0x8000, 0x7f80);
    const bytes = writeSafetensors([['x', { dtype: 'BF16', shape: [5], data }]]);
    const read = asFloat32(tensorNamed(readSafetensors(bytes), 'x'));
    expect([...read]).toEqual([1, -3.140625, 2 ** -133, -0, Number.POSITIVE_INFINITY]);
  });

  it('does not copy where the alignment allows it, wherever the bytes lie', () => {
    const tensor: StoredTensor = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) };
    const bytes = writeSafetensors([['x', tensor]]);
    const read = tensorNamed(readSafetensors(bytes), 'x').data;
    expect(read.buffer).toBe(bytes.buffer);
    // as Node hands out small files: a Buffer at an odd place of a pool, whose slice() would not
    // copy
    const pool = Buffer.alloc(bytes.length + 1);
    pool.set(bytes, 1);
    expect([...tensorNamed(readSafetensors(pool.subarray(1)), 'x').data]).toEqual([1, 2, 3]);
  });

  const good = entry('F32', [1], [0, 4]);
  const four = [0, 0, 0, 0];
  // where the second name stands in a header that begins {"a":good, and where its data ends if that
  // is all
  const SECOND = 8 + '{"a":'.length + good.length + 1;
  const END = SECOND + four.length;
  it.each<[string, Uint8Array, number, RegExp]>([
    ['an empty file', new Uint8Array(0), 0, /ends within the 8 bytes/],
    ['a cut length', new Uint8Array(5), 5, /only 5/],
    ['a cut header', file('{"a"', [], 400), 12, /reach byte 408/],
    ['an immense header', file('{}', [], 2 ** 40), 0, /1099511627776 bytes/],
    ['no header', file(''), 8, /begin with '\{'/],
    ['a header that is an array', file('[]'), 8, /begin with/],
    ['a header that is not JSON', file('{"a":}'), 8, /not JSON/],
    ['bytes that are not UTF-8', file('{}').with(9, 0xff), 8, /not JSON in UTF-8/],
    ['an unknown dtype', file(`{"a":${entry('F31', [1], [0, 4])}}`, four), 9, /'a'.*F31/],
    ['an inherited dtype', file(`{"a":${entry('toString', [1], [0, 4])}}`, four), 9, /toString/],
    ['no dtype', file('{"a":{"shape":[1],"data_offsets":[0,4]}}', four), 9, /dtype undefined/],
    ['a negative size', file(`{"a":${entry('F32', [-1], [0, 4])}}`, four), 9, /shape \[-1\]/],
    ['a fraction', file(`{"a":${entry('F32', [0.5], [0, 4])}}`, four), 9, /shape \[0.5\]/],
    [
      'a shape that overflows',
      file(`{"a":${entry('F32', [2 ** 52, 2 ** 52], [0, 4])}}`, four),
      9,
      /takes/,
    ],
    ['one offset', file(`{"a":${entry('F32', [1], [0])}}`, four), 9, /data_offsets \[0\]/],
    ['turned offsets', file(`{"a":${entry('F32', [1], [4, 0])}}`, four), 9, /4 to 0/],
    ['offsets beyond the end', file(`{"a":${entry('F32', [2], [0, 8])}}`, four), 9, /which has 4/],
    ['too few bytes', file(`{"a":${entry('F32', [2], [0, 4])}}`, four), 9, /takes 8/],
    [
      'an overlap',
      file(`{"a":${good},"b":${entry('U8', [2], [2, 4])}}`, four),
      SECOND,
      /'b'.*overlaps/,
    ],
    ['twins', file(`{"a":${good},"b":${good}}`, four), SECOND, /overlaps/],
    ['a gap', file(`{"a":${entry('U8', [2], [2, 4])}}`, four), 9, /gap/],
    ['trailing bytes', file(`{"a":${good}}`, [...four, 1, 2]), END, /2 bytes follow/],
    ['a name twice', file(`{"a":${good},"a":${good}}`, four), SECOND, /'a' twice/],
    ['an escaped name twice', file(`{"a":${good},"\\u0061":${good}}`, four), SECOND, /twice/],
    ['a key twice', file('{"a":{"dtype":"F32","dtype":"F16"}}'), 28, /'dtype' twice/],
    ['numbers as metadata', file('{"__metadata__":{"a":1}}'), 9, /object of strings/],
  ])('refuses %s', (_, bytes, offset, reason) => {
    const error = errorOf(bytes);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`byte ${error.offset})`);
    expect(error.offset).toBe(offset);
  });

  it('never fails in another way, whatever bytes are flipped or cut', () => {
    const valid = writeSafetensors(
      [
        ['weights', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ['half "quoted" \\', { dtype: 'F16', shape: [3], data: Uint16Array.of(1, 2, 3) }],
        ['none', { dtype: 'I64', shape: [0], data: new BigInt64Array(0) }],
      ],
      { note: 'für {den} [Test]' },
    );
    let seed = 1;
    const random = (n: number) => (seed = (Math.imul(seed, 48271) >>> 0) % 0x7fffffff) % n;
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 4000; round++) {
      let bytes = valid.slice(0, round % 4 === 0 ? random(valid.length) : valid.length);
      if (round % 5 === 0) bytes = Uint8Array.from([...bytes, ...bytes.subarray(random(64))]);
      for (let flips = random(4); flips > 0 && bytes.length > 0; flips--)
        bytes[random(bytes.length)] = round % 2 ? random(256) : bytes[random(bytes.length)]!;
      try {
        readSafetensors(bytes);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(1000);
    expect(outcomes.read).toBeGreaterThan(100);
  });

  it('survives a header nested very deeply', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(errorOf(file(`{"a":{"dtype":${deep}}}`)).offset).toBe(9);
  });
});

describe('writeSafetensors', () => {
  const tensors: [string, StoredTensor][] = [
    ['bytes', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ['z', { dtype: 'F32', shape: [1, 2], data: Float32Array.of(Number.NaN, -0) }],
    ['a', { dtype: 'I32', shape: [], data: Int32Array.of(-5) }],
    ['long', { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 60n) }],
    ['__proto__', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }],
  ];

  it('writes what it reads, aligned, in an order of its own', () => {
    const bytes = writeSafetensors(tensors, { b: '2', a: 'ä "\n' });
    expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
    const read = readSafetensors(bytes);
    expect(read.metadata).toEqual({ a: 'ä "\n', b: '2' });
    expect([...read.tensors.keys()]).toEqual(['long', 'a', 'z', '__proto__', 'bytes']);
    for (const [name, tensor] of tensors) {
      expect(read.tensors.get(name)).toEqual(tensor);
      expect(read.tensors.get(name)!.data.buffer).toBe(bytes.buffer);
    }
    expect(writeSafetensors([...tensors].reverse(), { a: 'ä "\n', b: '2' })).toEqual(bytes);
  });

  it('refuses data that does not fit its type or shape, and a name twice', () => {
    const x: StoredTensor = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2) };
    expect(() => writeSafetensors([['x', x]])).toThrow(/'x' is F32 \[3\].*3 elements.*of 2/);
    expect(() => writeSafetensors([['x', { ...x, dtype: 'I32' }]])).toThrow(/Int32Array/);
    expect(() => writeSafetensors([tensors[0]!, tensors[0]!])).toThrow(
      /'bytes' is reserved or given twice/,
    );
  });
});

it('names the tensors that are there when another is asked for', () => {
  const empty = readSafetensors(file('{}'));
  expect(() => tensorNamed(empty, 'x')).toThrow(/no tensor 'x'.*none/);
});
