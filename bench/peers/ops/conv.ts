/**
 * Convolutions. Where the stride is 1, a chain is y <- conv(y, w), and with cin other than cout
 * every second w is [k, k, cout, cin]: the chain alternates between the op and its mirror image,
 * which has as many flops. With another stride calls add up: acc <- acc + conv(x, w), each for
 * another pair of an x and a w. Gradients of the input go in the same way, and those of weights
 * add up over pairs of an x and a dy.
 *
 * Weights are sums of a few terms s[tap] u[cin] v[cout]: then f64 takes a product with each u, a
 * filter of one channel for each, and a product with each v, for all pixels and channels of a chain
 * of any length. All values of such weights are different, so that one in the wrong place shows.
 */

import { multiply, relativeError } from '../problem.ts';
import type { OpWork, Values } from '../work.ts';
import {
  accumulate,
  type Draw,
  memoised,
  type OpProblem,
  PAIRS,
  pick,
  several,
  signs,
  type Vector,
} from './parts.ts';
import { visitTaps, type Window, windowOf } from './windows.ts';

/** Terms of weights. */
const TERMS = 8;

/** Weights [k, k, inputs, outputs]. */
interface Weights {
  readonly values: Values;
  /** [TERMS, taps], [TERMS, inputs] and [TERMS, outputs] */
  readonly s: Vector;
  readonly u: Vector;
  readonly v: Vector;
}

export function convProblem(work: OpWork, draw: Draw): OpProblem {
  const window = windowOf(work);
  if (work.pass === 'weight gradient') return weightGradient(window, draw);
  const forward = work.pass === 'forward';
  return window.stride === 1 ? chained(window, forward, draw) : summed(window, forward, draw);
}

function chained(window: Window, forward: boolean, draw: Draw): OpProblem {
  const { n, h, w, cin, cout } = window;
  const weights = [makeWeights(window, cin, cout, draw)];
  if (cin !== cout) weights.push(makeWeights(window, cout, cin, draw));
  const start = draw([n, h, w, forward ? cin : cout], -1, 1);
  const expected = memoised((length) => {
    const at = (i: number) => turned(pick(weights, i), forward);
    let terms = project(start.values, at(0).u, TERMS);
    for (let i = 0; ; i++) {
      terms = filter(terms, window, at(i).s, forward);
      if (i === length - 1) return expand(terms, at(i).v);
      // No need to go through the channels: u of the next call with v of this one is a small matrix.
      const next = project(at(i).v, at(i + 1).u, TERMS);
      terms = multiply(terms, next, [terms.length / TERMS, TERMS, TERMS]);
    }
  });
  return {
    start,
    fixed: { w: weights.map(({ values }) => values) },
    error: (y, length) => relativeError(y, expected(length)),
  };
}

function summed(window: Window, forward: boolean, draw: Draw): OpProblem {
  const { n, h, w, rows, columns, cin, cout } = window;
  const [image, result] = [
    [n, h, w, cin],
    [n, rows, columns, cout],
  ];
  const given = several(PAIRS[0], () => draw(forward ? image : result, -1, 1));
  const weights = Array.from({ length: PAIRS[1] }, () => makeWeights(window, cin, cout, draw));
  const start = draw(forward ? result : image, -1, 1);
  const expected = memoised((length) => {
    const sum = Float64Array.from(start.values);
    for (let i = 0; i < length; i++) {
      const { s, u, v } = turned(pick(weights, i), forward);
      const terms = project(pick(given, i).values, u, TERMS);
      accumulate(sum, expand(filter(terms, window, s, forward), v));
    }
    return sum;
  });
  return {
    start,
    fixed: { [forward ? 'x' : 'dy']: given, w: weights.map(({ values }) => values) },
    error: (y, length) => relativeError(y, expected(length)),
  };
}

/** Compared through a random sign for each output channel: dw r = Σ x (dy r). */
function weightGradient(window: Window, draw: Draw): OpProblem {
  const { n, h, w, rows, columns, cin, cout, k } = window;
  const bound = Math.sqrt(3 / (n * rows * columns));
  const x = several(PAIRS[0], () => draw([n, h, w, cin], -1, 1));
  const dy = several(PAIRS[1], () => draw([n, rows, columns, cout], -bound, bound));
  const start = draw([k, k, cin, cout], -1, 1);
  const r = signs(cout);
  const part = memoised((i) => {
    const [image, seen] = [pick(x, i).values, project(pick(dy, i).values, r, 1)];
    const sums = new Float64Array(k * k * cin);
    for (let each = 0; each < n; each++)
      visitTaps(window, (result, pixel, tap) => {
        const factor = seen[each * rows * columns + result]!;
        const [from, to] = [(each * h * w + pixel) * cin, tap * cin];
        for (let c = 0; c < cin; c++) sums[to + c]! += image[from + c]! * factor;
      });
    return sums;
  });
  return {
    start,
    fixed: { x, dy },
    error(y, length) {
      const expected = project(start.values, r, 1);
      for (let i = 0; i < length; i++) accumulate(expected, part(i));
      return relativeError(project(y, r, 1), expected);
    },
  };
}

/** Drawn so that values keep their size through a long chain. */
function makeWeights({ k }: Window, inputs: number, outputs: number, draw: Draw): Weights {
  const taps = k * k;
  const factors = (count: number, variance: number) => {
    const bound = Math.sqrt(3 * variance);
    return Float64Array.from(draw([TERMS, count], -bound, bound).values);
  };
  const s = factors(taps, 1 / taps);
  const u = factors(inputs, 1 / inputs);
  const v = factors(outputs, 1 / TERMS);
  const values = new Float32Array(taps * inputs * outputs);
  // The outputs of each tap and input are a sum over terms of rows of v.
  const row = new Float64Array(outputs);
  for (let tap = 0; tap < taps; tap++)
    for (let i = 0; i < inputs; i++) {
      row.fill(0);
      for (let t = 0; t < TERMS; t++) {
        const factor = s[t * taps + tap]! * u[t * inputs + i]!;
        for (let o = 0; o < outputs; o++) row[o]! += factor * v[t * outputs + o]!;
      }
      values.set(row, (tap * inputs + i) * outputs);
    }
  return { values: { shape: [k, k, inputs, outputs], values }, s, u, v };
}

/** For the gradient of the input, inputs and outputs change places. */
const turned = (weights: Weights, forward: boolean): Weights =>
  forward ? weights : { ...weights, u: weights.v, v: weights.u };

/** Products of the channels of each pixel with each of `terms` rows of factors: [pixels, terms]. */
function project(x: ArrayLike<number>, factors: Vector, terms: number): Vector {
  const channels = factors.length / terms;
  const sums = new Float64Array((x.length / channels) * terms);
  for (let p = 0; p * channels < x.length; p++)
    for (let t = 0; t < terms; t++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += x[p * channels + c]! * factors[t * channels + c]!;
      sums[p * terms + t] = sum;
    }
  return sums;
}

/** The channels of each pixel from its terms [pixels, TERMS]. */
function expand(terms: Vector, factors: Vector): Vector {
  const channels = factors.length / TERMS;
  const pixels = terms.length / TERMS;
  const y = new Float64Array(pixels * channels);
  for (let p = 0; p < pixels; p++)
    for (let t = 0; t < TERMS; t++) {
      const term = terms[p * TERMS + t]!;
      const to = p * channels;
      for (let c = 0; c < channels; c++) y[to + c]! += term * factors[t * channels + c]!;
    }
  return y;
}

/** Each term [pixels, TERMS] filtered by its own taps s; backwards, from results to images. */
function filter(terms: Vector, window: Window, s: Vector, forward: boolean): Vector {
  const { n, h, w, rows, columns, k } = window;
  const [image, result] = [h * w * TERMS, rows * columns * TERMS];
  const filtered = new Float64Array(n * (forward ? result : image));
  const taps = k * k;
  for (let each = 0; each < n; each++)
    visitTaps(window, (place, pixel, tap) => {
      const [a, b] = [each * result + place * TERMS, each * image + pixel * TERMS];
      const [from, to] = forward ? [b, a] : [a, b];
      for (let t = 0; t < TERMS; t++) filtered[to + t]! += terms[from + t]! * s[t * taps + tap]!;
    });
  return filtered;
}
