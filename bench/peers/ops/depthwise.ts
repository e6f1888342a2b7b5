/**
 * Depthwise convolutions: y <- depthwise(y, w) and dy <- its gradient. Gradients of weights add up
 * over pairs of an x and a dy. Of a batch, f64 takes the first and the last image.
 */

import { relativeError } from '../problem.ts';
import type { OpWork } from '../work.ts';
import {
  accumulate,
  type Draw,
  memoised,
  type OpProblem,
  PAIRS,
  pick,
  several,
  stepped,
  type Vector,
} from './parts.ts';
import { visitTaps, type Window, windowOf } from './windows.ts';

/** Sum of the absolute weights of a channel: values keep their size through a long chain. */
const GAIN = 1.25;

/** @throws where results are of another size than images */
export function depthwiseProblem(work: OpWork, draw: Draw): OpProblem {
  const window = windowOf(work);
  if (work.pass === 'weight gradient') return weightGradient(window, draw);
  if (window.stride !== 1) throw new Error('The peers have depthwise with stride 1 alone.');
  const { n, h, w, cin: c, k } = window;
  const filters = draw([k, k, 1, c], -1, 1);
  const totals = new Float64Array(c);
  filters.values.forEach((value, i) => (totals[i % c]! += Math.abs(value) / GAIN));
  filters.values.forEach((value, i) => (filters.values[i] = value / totals[i % c]!));
  const start = draw([n, h, w, c], -1, 1);
  const forward = work.pass === 'forward';
  const expected = stepped(
    () => outerImages(start.values, n),
    (y) => filter(y, window, filters.values, forward),
  );
  return {
    start,
    fixed: { w: [filters] },
    error: (y, length) => relativeError(outerImages(y, n), expected(length)),
  };
}

function weightGradient(window: Window, draw: Draw): OpProblem {
  const { n, h, w, rows, columns, cin: c, k } = window;
  const bound = Math.sqrt(3 / (n * rows * columns));
  const x = several(PAIRS[0], () => draw([n, h, w, c], -1, 1));
  const dy = several(PAIRS[1], () => draw([n, rows, columns, c], -bound, bound));
  const start = draw([k, k, 1, c], -1, 1);
  const part = memoised((i) => {
    const [image, given] = [pick(x, i).values, pick(dy, i).values];
    const sums = new Float64Array(k * k * c);
    for (let each = 0; each < n; each++)
      visitTaps(window, (result, pixel, tap) => {
        const [a, b] = [(each * h * w + pixel) * c, (each * rows * columns + result) * c];
        for (let i = 0; i < c; i++) sums[tap * c + i]! += image[a + i]! * given[b + i]!;
      });
    return sums;
  });
  return {
    start,
    fixed: { x, dy },
    error(y, length) {
      const expected = Float64Array.from(start.values);
      for (let i = 0; i < length; i++) accumulate(expected, part(i));
      return relativeError(y, expected);
    },
  };
}

/** The first and the last of `n` images, or the only one. */
function outerImages(x: Float32Array, n: number): Vector {
  if (n === 1) return Float64Array.from(x);
  const size = x.length / n;
  const images = new Float64Array(2 * size);
  images.set(x.subarray(0, size));
  images.set(x.subarray(x.length - size), size);
  return images;
}

/** Images, each channel filtered by its own taps; backwards, from results to images. */
function filter(x: Vector, window: Window, taps: Float32Array, forward: boolean): Vector {
  const { h, w, cin: c } = window;
  const filtered = new Float64Array(x.length);
  for (let image = 0; image < x.length; image += h * w * c)
    visitTaps(window, (result, pixel, tap) => {
      const [a, b] = [image + result * c, image + pixel * c];
      const [from, to] = forward ? [b, a] : [a, b];
      for (let i = 0; i < c; i++) filtered[to + i]! += x[from + i]! * taps[tap * c + i]!;
    });
  return filtered;
}
