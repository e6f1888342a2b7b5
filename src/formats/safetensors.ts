import { fromHalves } from './half.ts';
import { isCount, isObject, readHeader, SafetensorsError } from './safetensors_header.ts';

/**
 * What a tensor's elements are in a file, and the array that holds them in memory; halves stay
 * bits.
 */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;

export type StoredType = keyof typeof ARRAYS;
export type StoredArray = InstanceType<(typeof ARRAYS)[StoredType]>;

/** A tensor as a file holds it: row-major, F16 and BF16 as their bits. */
export interface StoredTensor {
  readonly dtype: StoredType;
  readonly shape: readonly number[];
  readonly data: StoredArray;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: 8 bytes with the length of a JSON header, the header, the tensors'
 * bytes without gaps (https://github.com/huggingface/safetensors, section Format). The arrays are
 * views of `bytes` where alignment allows it, else copies.
 *
 * @throws SafetensorsError for any file that breaks the format, with the offset and the reason
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const { end, entries, header } = readHeader(bytes);
  const tensors: { name: string; at: number; begin: number; tensor: StoredTensor }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    const at = entries.get(name) ?? 8;
    if (name === '__metadata__') metadata = checkMetadata(entry, at);
    else tensors.push({ name, at, ...readTensor(bytes, end, name, entry, at) });
  }
  checkCoverage(tensors, bytes.length - end, end);
  return { tensors: new Map(tensors.map(({ name, tensor }) => [name, tensor])), metadata };
}

/** The tensor of that name, or an error that lists those that are there. */
export function tensorNamed(file: Safetensors, name: string): StoredTensor {
  const tensor = file.tensors.get(name);
  if (!tensor)
    throw new Error(
      `safetensors: no tensor '${name}' in the file, only ${quoted([...file.tensors.keys()])}.`,
    );
  return tensor;
}

/**
 * The elements as f32: the stored array itself for F32, converted otherwise (64-bit ones are
 * rounded).
 */
export function asFloat32({ dtype, data }: StoredTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (dtype === 'F16') return fromHalves(data as Uint16Array);
  if (dtype === 'BF16') return fromBfloats(data as Uint16Array);
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The numbers that bits of bfloat16 stand for: the upper halves of those of f32. */
function fromBfloats(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer);
}

/**
 * Writes a safetensors file. The tensors come wide elements first and by name within a width, and
 * the header is padded to a multiple of 8, so that every array is aligned in the file and equal
 * contents give equal bytes.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => width(b.dtype) - width(a.dtype) || compare(nameA, nameB),
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0)
    header.push(['__metadata__', Object.fromEntries(Object.entries(metadata).sort(byKey))]);
  let offset = 0;
  const names = new Set<string>(['__metadata__']);
  for (const [name, { dtype, shape, data }] of sorted) {
    if (names.has(name))
      throw new Error(`safetensors: the name '${name}' is reserved or given twice; rename it.`);
    names.add(name);
    if (!(data instanceof ARRAYS[dtype]) || data.length !== product(shape))
      throw new Error(
        `safetensors: '${name}' is ${dtype} [${shape.join(', ')}], which needs ` +
          `${ARRAYS[dtype].name} of ${product(shape)} elements; ` +
          `got ${data.constructor.name} of ${data.length}.`,
      );
    const next = offset + data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [offset, next] }]);
    offset = next;
  }
  const members = header.map(([key, entry]) => JSON.stringify(key) + ':' + JSON.stringify(entry));
  const json = new TextEncoder().encode('{' + members.join(',') + '}');
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start);
  bytes.set(json, 8);
  let at = start;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function checkMetadata(entry: unknown, at: number): Record<string, string> {
  if (!isObject(entry) || Object.values(entry).some((value) => typeof value !== 'string'))
    throw new SafetensorsError(at, '__metadata__ is not an object of strings');
  return entry as Record<string, string>;
}

function readTensor(bytes: Uint8Array, end: number, name: string, entry: unknown, at: number) {
  const refuse = (reason: string) => new SafetensorsError(at, `tensor '${name}' ${reason}`);
  if (!isObject(entry)) throw refuse('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype))
    throw refuse(`has the dtype ${show(dtype)}; known are ${Object.keys(ARRAYS).join(', ')}`);
  const type = dtype as StoredType;
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw refuse(`has the shape ${show(shape)}, which is no list of whole numbers`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw refuse(`has the data_offsets ${show(offsets)}, which are not two whole numbers`);
  const [begin, stop] = offsets as [number, number];
  const held = bytes.length - end;
  if (begin > stop || stop > held)
    throw refuse(`lies at bytes ${begin} to ${stop} of the data, which has ${held}`);
  const size = product(shape) * width(type);
  if (size !== stop - begin)
    throw refuse(
      `has ${stop - begin} bytes, but ${type} [${shape.join(', ')}] takes ${size} of them`,
    );
  const data = arrayAt(type, bytes.subarray(end + begin, end + stop));
  return { begin, tensor: { dtype: type, shape: shape as number[], data } };
}

/** The tensors must follow each other without gap or overlap and fill the data. */
function checkCoverage(
  tensors: readonly { name: string; at: number; begin: number; tensor: StoredTensor }[],
  held: number,
  end: number,
): void {
  let reached = 0;
  const sorted = [...tensors].sort(
    (a, b) => a.begin - b.begin || a.tensor.data.byteLength - b.tensor.data.byteLength,
  );
  for (const { name, at, begin, tensor } of sorted) {
    if (begin !== reached)
      throw new SafetensorsError(
        at,
        `tensor '${name}' begins at byte ${begin} of the data and ` +
          (begin < reached
            ? 'overlaps the one before it'
            : 'leaves a gap after the one before it') +
          `, which ends at ${reached}`,
      );
    reached += tensor.data.byteLength;
  }
  if (reached !== held)
    throw new SafetensorsError(
      end + reached,
      `${held - reached} bytes follow the last tensor; none may`,
    );
}

function arrayAt(type: StoredType, bytes: Uint8Array): StoredArray {
  const aligned = bytes.byteOffset % width(type) === 0 ? bytes : new Uint8Array(bytes);
  return new ARRAYS[type](
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / width(type),
  );
}

function width(type: StoredType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function show(value: unknown): string {
  if (Array.isArray(value) && value.length <= 8 && !value.some((v) => typeof v === 'object'))
    return `[${value.join(', ')}]`;
  return typeof value === 'object' ? 'of a wrong kind' : `${value}`.slice(0, 60);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ') || 'none';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return compare(a, b);
}
