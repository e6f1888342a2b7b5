/** NumPy's arrays. */

import { WrongFileError } from '../platform/errors.ts';
import { fromHalves } from './half.ts';

/** An array of numbers as NumPy has it, in rows (C order). */
export interface NumpyArray {
  readonly shape: readonly number[];
  /** NumPy's name of the element type without its byte order, such as `f4`. */
  readonly dtype: string;
  readonly data: Float64Array | Float32Array | Int32Array | Uint32Array | SmallInts;
}

type SmallInts = Int16Array | Uint16Array | Int8Array | Uint8Array;

const ARRAYS: Readonly<
  Record<string, { new (b: ArrayBuffer): NumpyArray['data']; BYTES_PER_ELEMENT: number }>
> = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
  b1: Uint8Array,
};

/**
 * Elements as they lie in a file.
 * @param descr NumPy's name of the type with its byte order: `<f4`, `>u2`, `|u1`. Halves become
 *   f32, 64-bit whole numbers f64
 */
export function numpyArray(
  descr: string,
  shape: readonly number[],
  fortran: boolean,
  bytes: Uint8Array,
): NumpyArray {
  const [, order, dtype = ''] = /^([<>|=]?)([a-z]\d+)$/.exec(descr) ?? [];
  const count = shape.reduce((product, side) => product * side, 1);
  const width = Number(dtype.slice(1));
  const wide = dtype === 'i8' || dtype === 'u8';
  if (!ARRAYS[dtype] && dtype !== 'f2' && !wide)
    throw new WrongFileError(
      `npy: elements of type '${descr}' are not known; known are f2, i8, u8, ${Object.keys(ARRAYS).join(', ')}.`,
    );
  if (bytes.length !== count * width)
    throw new WrongFileError(
      `npy: [${shape.join(', ')}] of ${dtype} takes ${count * width} bytes; ${bytes.length} are there. The file breaks off, or is another.`,
    );
  const own = new Uint8Array(bytes);
  if (order === '>')
    for (let at = 0; at < own.length; at += width) own.subarray(at, at + width).reverse();
  const data = elements(dtype, own.buffer);
  return {
    shape,
    dtype,
    data: fortran && shape.length > 1 ? byRows(data, shape) : data,
  };
}

function elements(dtype: string, buffer: ArrayBuffer): NumpyArray['data'] {
  if (dtype === 'f2') return fromHalves(new Uint16Array(buffer));
  if (dtype === 'i8') return Float64Array.from(new BigInt64Array(buffer), Number);
  if (dtype === 'u8') return Float64Array.from(new BigUint64Array(buffer), Number);
  return new ARRAYS[dtype]!(buffer);
}

/** From the first index running fastest to the last. */
function byRows<T extends NumpyArray['data']>(data: T, shape: readonly number[]): T {
  const rows = data.slice() as T;
  const index = shape.map(() => 0);
  for (let to = 0; to < rows.length; to++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis]! + index[axis]!;
    rows[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--)
      index[axis] = 0;
  }
  return rows;
}

export const isNumpyArray = (value: unknown): value is NumpyArray =>
  typeof value === 'object' && value !== null && 'shape' in value && 'data' in value;
