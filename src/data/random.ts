/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). The same (seed, keys) gives the same numbers, in any order and on any
 * machine, so that sample 1,000,000 needs none before it.
 */
export interface Random {
  /** 32 random bits. */
  bits(): number;
  /** Uniform in [0, 1), a multiple of 2^-32; or in [low, high). */
  uniform(low?: number, high?: number): number;
  /** Normal (Box and Muller). */
  normal(mean?: number, deviation?: number): number;
  /** Normal given that it lies in [low, high]; the deviation must be positive. */
  truncatedNormal(mean: number, deviation: number, low: number, high: number): number;
  /** A whole number in [0, count), each equally likely to within count / 2^32. */
  int(count: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
}

/**
 * The random numbers of one place.
 * @param seed whole number from 0 to 2^53 - 1
 * @param keys up to three whole numbers below 2^32, such as (stream, index): each place has its own
 * 2^34 numbers
 */
export function randomAt(seed: number, ...keys: number[]): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`random: the seed ${seed} must be a whole number from 0 to 2^53 - 1.`);
  if (keys.length > 3 || keys.some((key) => key !== key >>> 0))
    throw new Error(
      `random: the keys (${keys.join(', ')}) must be at most 3 whole numbers < 2^32.`,
    );
  return new Philox(seed, keys);
}

/** A class: closures over what changes are compiled again and again by some engines. */
class Philox implements Random {
  readonly #low: number;
  readonly #high: number;
  readonly #keys: readonly number[];
  readonly #block = new Uint32Array(4);
  #counter = 0;
  #used = 4;
  #spare = NaN;

  constructor(seed: number, keys: readonly number[]) {
    this.#low = seed >>> 0;
    this.#high = Math.floor(seed / 2 ** 32);
    this.#keys = keys;
  }

  bits(): number {
    const block = this.#block;
    if (this.#used === 4) {
      block[0] = this.#counter++;
      for (let i = 0; i < 3; i++) block[i + 1] = this.#keys[i] ?? 0;
      philox(block, this.#low, this.#high);
      this.#used = 0;
    }
    return block[this.#used++]!;
  }

  uniform(low = 0, top = 1): number {
    return low + this.bits() * 2 ** -32 * (top - low);
  }

  normal(mean = 0, deviation = 1): number {
    if (!Number.isNaN(this.#spare)) {
      const value = mean + deviation * this.#spare;
      this.#spare = NaN;
      return value;
    }
    // 1 - uniform is never 0
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  }

  truncatedNormal(mean: number, deviation: number, low: number, top: number): number {
    if (!(low <= top && deviation > 0))
      throw new Error(
        `random: no truncated normal of deviation ${deviation} between ${low} and ${top}.`,
      );
    for (let attempt = 0; attempt < 16; attempt++) {
      const value = this.normal(mean, deviation);
      if (value >= low && value <= top) return value;
    }
    // far in the tail rejection is hopeless: uniform proposals, accepted by the density's ratio to
    // its maximum
    const best = Math.min(Math.max(mean, low), top);
    const peak = ((best - mean) / deviation) ** 2;
    // beyond this the density is below e^-12 of its maximum
    const reach = (12 * deviation) / Math.max(1, Math.sqrt(peak));
    const from = Math.max(low, best - reach);
    const to = Math.min(top, best + reach);
    for (let attempt = 0; attempt < 256; attempt++) {
      const value = this.uniform(from, to);
      if (this.uniform() < Math.exp((peak - ((value - mean) / deviation) ** 2) / 2)) return value;
    }
    return best;
  }

  int(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }
}

/** Ten rounds of Philox4x32 on the counter in place. */
export function philox(counter: Uint32Array, key0: number, key1: number): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers, from their halves. */
function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  // 48 bits and 32 bits: both exact in a double
  const middle2 = a0 * b1 + (middle % 0x10000);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000)) | 0;
}
