/** The numbers of the golden files: the hash of uniform.py, as the files describe it. */

import { type Shape, sizeOf } from '../../src/kernels/tensor.ts';

function pcg(x: number): number {
  const s = (Math.imul(747796405, x) + 2891336453) >>> 0;
  const w = Math.imul((s >>> ((s >>> 28) + 4)) ^ s, 277803737) >>> 0;
  return ((w >>> 22) ^ w) >>> 0;
}

/** Element i of a stream, in [-1, 1). */
export const uniform = (stream: number, i: number): number =>
  (pcg((i + pcg(stream)) >>> 0) >>> 8) * 2 ** -23 - 1;

/** An array of a golden file: drawn from a stream, or written out. */
export interface Source {
  readonly shape: Shape;
  readonly values?: readonly number[];
  readonly stream?: number;
  readonly offset?: number;
  readonly scale?: number;
}

export const arrayOf = ({ shape, values, stream = 0, offset = 0, scale = 1 }: Source) =>
  Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => values?.[i] ?? offset + scale * uniform(stream, i),
  );
