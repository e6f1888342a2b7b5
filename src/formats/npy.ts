import { WrongFileError } from '../platform/errors.ts';
import { isNumpyArray, type NumpyArray, numpyArray } from './numpy.ts';
import { readPickle } from './pickle.ts';
import { readZip } from './zip.ts';

/**
 * Reads a .npy file (NumPy's format 1 to 3): an array of numbers, or what a pickled object array
 * holds: of one element that element itself, else the list of them.
 * @throws WrongFileError for bytes that are no such file
 */
export function readNpy(bytes: Uint8Array): unknown {
  const magic = [0x93, ...new TextEncoder().encode('NUMPY')];
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte))
    throw new WrongFileError('npy: this is no .npy file: it does not begin with \\x93NUMPY.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, length] =
    bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const text = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (!descr || !fortran || sides === undefined)
    throw new WrongFileError(
      `npy: the header ${JSON.stringify(text.slice(0, 80))} does not state a plain element type, an order and a shape.`,
    );
  const shape = sides.split(',').flatMap((side) => (side.trim() ? [Number(side)] : []));
  const rest = bytes.subarray(start + length);
  if (!descr.includes('O')) return numpyArray(descr, shape, fortran === 'True', rest);
  const held = readPickle(rest);
  const list = isObjectArray(held) ? held.objects : undefined;
  return list?.length === 1 ? list[0] : (list ?? held);
}

/** Reads a .npy file that must hold an array of numbers. */
export function readNpyArray(bytes: Uint8Array): NumpyArray {
  const array = readNpy(bytes);
  if (isNumpyArray(array)) return array;
  throw new WrongFileError('npy: the file holds Python objects, not an array of numbers.');
}

/**
 * The arrays of a .npz archive by name, each unpacked and read when it is asked for.
 * @throws WrongFileError for other files; asking for a name that is not there lists those that are
 */
export function readNpz(bytes: Uint8Array): {
  readonly names: readonly string[];
  get(name: string): Promise<unknown>;
} {
  const entries = new Map(readZip(bytes).map((e) => [e.name.replace(/\.npy$/, ''), e]));
  return {
    names: [...entries.keys()],
    async get(name) {
      const entry = entries.get(name);
      if (!entry)
        throw new WrongFileError(
          `npz: there is no '${name}' in the file, only ${[...entries.keys()].join(', ') || 'nothing'}.`,
        );
      return readNpy(await entry.read());
    },
  };
}

const isObjectArray = (value: unknown): value is { objects: readonly unknown[] } =>
  typeof value === 'object' && value !== null && 'objects' in value;
