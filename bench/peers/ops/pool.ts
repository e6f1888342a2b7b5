/**
 * Maxima of windows of 3 x 3 with stride 2. Calls add up: acc <- acc + pool(x), each of another x;
 * and for the gradient acc <- acc + dx, each for another pair of an x and a dy.
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
  type Vector,
} from './parts.ts';
import { visitTaps, type Window, windowOf } from './windows.ts';

/** @throws for the gradient of weights, of which there are none */
export function poolProblem(work: OpWork, draw: Draw): OpProblem {
  if (work.pass === 'weight gradient') throw new Error('A pool has no weights.');
  const window = windowOf(work);
  const { n, h, w, rows, columns, cin: c } = window;
  const forward = work.pass === 'forward';
  const [image, result] = [
    [n, h, w, c],
    [n, rows, columns, c],
  ];
  // A chain of 20 has 20 different calls.
  const x = several(forward ? PAIRS[0] * PAIRS[1] : PAIRS[0], () => draw(image, -1, 1));
  const dy = several(forward ? 0 : PAIRS[1], () => draw(result, -1, 1));
  const start = draw(forward ? result : image, -1, 1);
  const part = memoised((i) => {
    const { values } = pick(x, i);
    const { largest, place } = maxima(values, window);
    if (forward) return largest;
    const dx = new Float64Array(values.length);
    for (const [j, d] of pick(dy, i).values.entries()) dx[place[j]!]! += d;
    return dx;
  });
  return {
    start,
    fixed: forward ? { x } : { x, dy },
    error(y, length) {
      const expected = Float64Array.from(start.values);
      for (let i = 0; i < length; i++) accumulate(expected, part(i));
      return relativeError(y, expected);
    },
  };
}

/** The largest value of each window, and where it is. */
function maxima(x: Float32Array, window: Window): { largest: Vector; place: Int32Array } {
  const { n, h, w, rows, columns, cin: c } = window;
  const largest = new Float64Array(n * rows * columns * c).fill(-Infinity);
  const place = new Int32Array(largest.length);
  for (let each = 0; each < n; each++)
    visitTaps(window, (result, pixel) => {
      const [from, to] = [(each * h * w + pixel) * c, (each * rows * columns + result) * c];
      for (let i = 0; i < c; i++)
        if (x[from + i]! > largest[to + i]!) {
          largest[to + i] = x[from + i]!;
          place[to + i] = from + i;
        }
    });
  return { largest, place };
}
