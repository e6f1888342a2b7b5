/** Rounds of the Feistel network; from four on its outputs look random (Luby and Rackoff 1988). */
const ROUNDS = 4;

/**
 * A shuffled order of 0 .. count - 1 with random access and no state: where the i-th goes. A
 * Feistel network on the smallest even number of bits that holds `count`, walked on from numbers
 * beyond it until one is in range (Black and Rogaway 2002).
 *
 * @param count at most 2^30
 * @param key two 32-bit numbers that choose the order
 */
export function permute(i: number, count: number, key: readonly [number, number]): number {
  if (!(count >= 1 && count <= 2 ** 30 && Number.isInteger(i) && i >= 0 && i < count))
    throw new Error(`permute: ${i} is not one of 0 to ${count - 1} (at most 2^30 of them).`);
  // halves of few bits shuffle badly
  const half = Math.max(4, Math.ceil(Math.log2(count) / 2));
  const mask = (1 << half) - 1;
  let x = i;
  do {
    let left = x >>> half;
    let right = x & mask;
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = mix(mix(right ^ key[0]) ^ key[1] ^ Math.imul(round + 1, 0x9e3779b9));
      [left, right] = [right, (left ^ mixed) & mask];
    }
    x = (left << half) | right;
  } while (x >= count);
  return x;
}

/** The finaliser of MurmurHash3: every bit of the input stirs every bit of the output. */
function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
