/**
 * Python's pickles as far as NumPy's files hold them: dictionaries, lists, texts, numbers and arrays.
 * A pickle is a program; this reader runs none of what it may name. It knows six functions of NumPy
 * by name and refuses all others.
 */

import { WrongFileError } from '../platform/errors.ts';
import { numpyArray } from './numpy.ts';

/** What dictionaries become: keys may be numbers. */
export type PickledMap = Map<unknown, unknown>;

const latin1 = (bytes: Uint8Array) => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** Python 2 wrote bytes as text. */
function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Uint8Array.from(value, (char) => char.charCodeAt(0));
  throw new WrongFileError('pickle: the elements of an array are no bytes.');
}

interface Type {
  kind: 'dtype';
  name: string;
  order: string;
}

const isType = (value: unknown): value is Type =>
  typeof value === 'object' && value !== null && (value as Partial<Type>).kind === 'dtype';

function arrayOf(type: unknown, shape: unknown, fortran: boolean, held: unknown): object {
  if (!isType(type) || !Array.isArray(shape))
    throw new WrongFileError('pickle: an array lacks its element type or its shape.');
  if (type.name[0] === 'O') return { objects: held as unknown[] };
  const descr = `${type.order}${type.name}`;
  return numpyArray(descr, shape as number[], fortran, bytesOf(held));
}

/** The functions that a pickle may call. */
const FUNCTIONS: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  'multiarray _reconstruct': () => ({}),
  'multiarray scalar': (type, held) => {
    const { data } = arrayOf(type, [1], false, held) as { data: ArrayLike<number> };
    return data[0];
  },
  'numeric _frombuffer': (held, type, shape, order) => arrayOf(type, shape, order === 'F', held),
  'numpy dtype': (name) => ({ kind: 'dtype', name: `${name}`, order: '<' }) satisfies Type,
  'numpy ndarray': () => ({}),
  '_codecs encode': (text) => bytesOf(text),
};

function named(module: string, name: string): (...values: unknown[]) => unknown {
  const short = `${module.replace(/^numpy\._?core\./, '')} ${name}`;
  const known = Object.hasOwn(FUNCTIONS, short) && FUNCTIONS[short];
  if (known) return known;
  throw new WrongFileError(
    `pickle: the file asks for ${module}.${name}. Only plain NumPy arrays, dictionaries, lists, texts and numbers are read.`,
  );
}

/** Gives an object its state, as `__setstate__` does. */
function build(target: object, state: unknown): void {
  if (!Array.isArray(state)) throw new WrongFileError('pickle: an object has no state.');
  if (isType(target)) target.order = `${state[1]}`;
  else {
    const [, shape, type, fortran, held] = state;
    Object.assign(target, arrayOf(type, shape, fortran === true, held));
  }
}

const MARK = /* @__PURE__ */ Symbol('mark');

/**
 * Reads a pickle of protocol 2 to 5.
 * @returns dictionaries as `Map`, lists and tuples as arrays, NumPy arrays as `NumpyArray`, and
 *   arrays of objects as `{ objects }`
 * @throws WrongFileError for a damaged one, and for anything that plain data has no need of
 */
export function readPickle(bytes: Uint8Array): unknown {
  try {
    return run(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WrongFileError('pickle: the file breaks off. Copy or download it again.');
  }
}

function run(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = 0;

  const pop = () => {
    if (stack.length === 0) throw new WrongFileError('pickle: the file is damaged.');
    return stack.pop();
  };
  const popMark = () => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new WrongFileError('pickle: the file is damaged.');
    const above = stack.splice(mark);
    return above.slice(1);
  };
  const top = () => stack.at(-1);
  const move = (count: number) => (at += count) - count;
  const u8 = () => view.getUint8(move(1));
  const u32 = () => view.getUint32(move(4), true);
  const u64 = () => Number(view.getBigUint64(move(8), true));
  const take = (count: number) => {
    if (at + count > bytes.length) throw new RangeError('beyond the end');
    return bytes.subarray(at, (at += count));
  };
  const utf8 = (count: number) => new TextDecoder().decode(take(count));
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new RangeError('beyond the end');
    const text = latin1(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  const long = (count: number) => {
    let value = 0n;
    take(count).forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
    return Number(BigInt.asIntN(8 * count, value));
  };
  const setAll = (pairs: readonly unknown[]) => {
    const map = top();
    if (!(map instanceof Map)) throw new WrongFileError('pickle: the file is damaged.');
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  };
  const addAll = (values: readonly unknown[]) => {
    const list = top();
    if (!Array.isArray(list)) throw new WrongFileError('pickle: the file is damaged.');
    for (const value of values) list.push(value);
  };
  const recall = (key: number) => {
    if (!memo.has(key)) throw new WrongFileError('pickle: the file is damaged.');
    stack.push(memo.get(key));
  };

  const ops: Readonly<Record<number, () => void>> = {
    128: () => void u8(), // PROTO
    149: () => void u64(), // FRAME
    40: () => stack.push(MARK),
    48: () => void pop(),
    78: () => stack.push(null),
    136: () => stack.push(true),
    137: () => stack.push(false),
    74: () => stack.push(view.getInt32(move(4), true)),
    75: () => stack.push(u8()),
    77: () => stack.push(view.getUint16(move(2), true)),
    138: () => stack.push(long(u8())),
    71: () => stack.push(view.getFloat64(move(8))),
    // texts: UTF-8 of three lengths, and Python 2's bytes
    88: () => stack.push(utf8(u32())),
    140: () => stack.push(utf8(u8())),
    141: () => stack.push(utf8(u64())),
    85: () => stack.push(latin1(take(u8()))),
    84: () => stack.push(latin1(take(u32()))),
    // bytes of three lengths, and a bytearray
    67: () => stack.push(take(u8())),
    66: () => stack.push(take(u32())),
    142: () => stack.push(take(u64())),
    150: () => stack.push(take(u64())),
    // tuples and lists
    41: () => stack.push([]),
    93: () => stack.push([]),
    133: () => stack.push([pop()]),
    134: () => stack.push([pop(), pop()].reverse()),
    135: () => stack.push([pop(), pop(), pop()].reverse()),
    116: () => stack.push(popMark()),
    108: () => stack.push(popMark()),
    97: () => addAll([pop()]),
    101: () => addAll(popMark()),
    // dictionaries
    125: () => stack.push(new Map()),
    115: () => setAll([pop(), pop()].reverse()),
    117: () => setAll(popMark()),
    // what was seen before
    113: () => void memo.set(u8(), top()),
    114: () => void memo.set(u32(), top()),
    148: () => void memo.set(memo.size, top()),
    104: () => recall(u8()),
    106: () => recall(u32()),
    // functions and their results
    99: () => stack.push(named(line(), line())),
    147: () => {
      const [module, name] = [pop(), pop()].reverse();
      stack.push(named(`${module}`, `${name}`));
    },
    82: () => {
      const values = pop();
      const call = pop();
      if (typeof call !== 'function' || !Array.isArray(values))
        throw new WrongFileError('pickle: the file is damaged.');
      stack.push(call(...values));
    },
    98: () => {
      const state = pop();
      build(Object(top()), state);
    },
  };

  for (;;) {
    const code = u8();
    if (code === 46) return pop();
    const op = ops[code];
    if (!op)
      throw new WrongFileError(
        `pickle: the instruction ${code} at byte ${at - 1} is not known. Only plain data of protocol 2 to 5 is read.`,
      );
    op();
  }
}
