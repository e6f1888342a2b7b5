/**
 * Mean and standard deviation of each dimension of some rows, as plain numbers, to be stored with
 * the weights.
 */
export interface Statistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Mean and standard deviation (of the population) of each column, in f64, in two passes. A column
 * that never varies gets the deviation 1, so that it is moved and not blown up.
 * @param rows [n, width]
 */
export function measure(rows: ArrayLike<number>, width: number): Statistics {
  const count = wholeRows(rows.length, width);
  if (count === 0) throw new Error('normalise: statistics need at least one row.');
  const mean = new Array<number>(width).fill(0);
  const variance = new Array<number>(width).fill(0);
  // asked of the values: rounding of the mean leaves a constant column a little variance
  const varies = new Array<boolean>(width).fill(false);
  for (let i = 0; i < rows.length; i++) {
    mean[i % width]! += rows[i]! / count;
    if (rows[i] !== rows[i % width]) varies[i % width] = true;
  }
  for (let i = 0; i < rows.length; i++)
    variance[i % width]! += (rows[i]! - mean[i % width]!) ** 2 / count;
  const bad = variance.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new Error(`normalise: column ${bad} has a value that is not finite.`);
  const std = variance.map((v, k) => (varies[k] ? Math.sqrt(v) : 1));
  return { mean, std };
}

function wholeRows(length: number, width: number): number {
  if (length % width === 0) return length / width;
  throw new Error(`normalise: ${length} numbers are no whole number of rows of ${width}.`);
}
