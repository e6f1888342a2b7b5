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
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  // asked of the values: rounding of the mean leaves a constant column a little variance
  const varies = new Uint8Array(width);
  for (let row = 0; row < rows.length; row += width)
    for (let k = 0; k < width; k++) {
      mean[k]! += rows[row + k]! / count;
      if (rows[row + k] !== rows[k]) varies[k] = 1;
    }
  for (let row = 0; row < rows.length; row += width)
    for (let k = 0; k < width; k++) variance[k]! += (rows[row + k]! - mean[k]!) ** 2 / count;
  const bad = variance.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new Error(`normalise: column ${bad} has a value that is not finite.`);
  return { mean: [...mean], std: Array.from(variance, (v, k) => (varies[k] ? Math.sqrt(v) : 1)) };
}

function wholeRows(length: number, width: number): number {
  if (length % width === 0) return length / width;
  throw new Error(`normalise: ${length} numbers are no whole number of rows of ${width}.`);
}
