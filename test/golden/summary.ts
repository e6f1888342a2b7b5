/** Whole tensors of golden files, held to a few numbers of them. */

import { expect } from 'vitest';
import { uniform } from './uniform.ts';

/** As `summary` of cnn.py gives it. */
export interface Summary {
  /** The stream that the tensor is projected onto. */
  readonly projection: number;
  /** Projection, norm and largest absolute value. */
  readonly numbers: readonly [number, number, number];
  readonly at: readonly number[];
  readonly entries: readonly number[];
}

/**
 * Fails where a tensor is not the one that was summed up: its entries and its largest value within
 * `tolerance` of the largest value, its norm and its projection of the norm. The projection is a
 * sum over all entries, so one that is wrong shows.
 */
export function checkSummary(
  name: string,
  values: Float32Array,
  { projection, numbers, at, entries }: Summary,
  tolerance: number,
): void {
  const [projected, norm, largest] = numbers;
  let [p, squares, most] = [0, 0, 0];
  for (const [i, v] of values.entries()) {
    p += v * uniform(projection, i);
    squares += v * v;
    most = Math.max(most, Math.abs(v));
  }
  const close = (what: string, got: number, wanted: number, size: number) =>
    expect(
      Math.abs(got - wanted) / size,
      `${what} of ${name}: got ${got}, expected ${wanted}`,
    ).toBeLessThan(tolerance);
  close('norm', Math.sqrt(squares), norm, norm);
  close('projection', p, projected, norm);
  close('largest value', most, largest, largest);
  for (const [i, place] of at.entries())
    close(`entry ${place}`, values[place]!, entries[i]!, largest);
}
