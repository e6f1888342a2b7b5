/** What a kernel sees of a tensor: a shape, and a range of some memory. */

export type Shape = readonly number[];
export type DType = 'f32' | 'u32';

/** The number of elements of a shape. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/**
 * A piece of memory on the device, before any buffer exists. The plan decides which buffer holds
 * it.
 */
export interface Memory {
  readonly name: string;
  /** Words of 4 bytes. */
  readonly size: number;
  /** Whether its elements are halves, two to a word. */
  readonly half?: boolean;
}

/** A range of memory with a shape, as a kernel reads or writes it. Offsets are in elements. */
export interface Operand {
  readonly memory: Memory;
  readonly offset: number;
  readonly shape: Shape;
}

/** Bytes of an element. */
export const elementBytes = ({ memory }: Operand): 2 | 4 => (memory.half ? 2 : 4);

/** The same elements under another shape of the same size. */
export const view = (operand: Operand, shape: Shape): Operand => ({ ...operand, shape });

/** A tensor seen as a matrix: its last axis is the columns, all others are rows. */
export function matrix(operand: Operand): Operand {
  const cols = operand.shape.at(-1) ?? 1;
  return view(operand, [cols === 0 ? 0 : sizeOf(operand.shape) / cols, cols]);
}

/** Rows `first` to `first + count` of an operand, along its leading axis. */
export function rows(operand: Operand, first: number, count: number): Operand {
  const stride = sizeOf(operand.shape.slice(1));
  const shape = [count, ...operand.shape.slice(1)];
  return { ...operand, offset: operand.offset + first * stride, shape };
}
