const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/**
 * The IEEE 754 half that is nearest to a number, as its 16 bits; ties go to the even one. A number
 * that is no f32 is rounded to f32 first. Values of 65,520 and above become infinity, those of
 * 2^-25 and below zero, a NaN stays a (quiet) NaN.
 */
export function toHalf(x: number): number {
  value[0] = x;
  const f = bits[0]!;
  const sign = (f >>> 16) & 0x8000;
  const magnitude = f & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // below 2^-14 halves are multiples of 2^-24: adding 0.5, whose f32 neighbours are as far apart,
    // rounds to one
    value[0] = 0.5 + Math.abs(value[0]!);
    return sign | (bits[0]! - 0x3f000000);
  }
  // exponent bias 127 -> 15; half a unit less one, plus the last bit that stays, rounds ties to
  // even
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The number that the 16 bits of an IEEE 754 half stand for, exactly. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Numbers to the bits of halves, element by element. */
export function toHalves(numbers: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(numbers, toHalf);
}

/** The bits of halves to numbers, element by element; exact. */
export function fromHalves(halves: ArrayLike<number>): Float32Array<ArrayBuffer> {
  table ??= Float32Array.from({ length: 65_536 }, (_, half) => fromHalf(half));
  const numbers = new Float32Array(halves.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = table[halves[i]!]!;
  return numbers;
}

/** All halves: weights are millions, and a look-up is ten times as quick as the arithmetic. */
let table: Float32Array | undefined;
