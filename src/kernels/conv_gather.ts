/**
 * Which values of x each pixel of y is made of, in a convolution and in the gradient of its input:
 * both gather, from windows whose taps go forwards or backwards.
 */

import type { Window } from './window.ts';

type Pair = readonly [number, number];

/**
 * Places are rows and columns of pixels of y. The window of place p begins at pixel stride p +
 * first of x; its tap t is t tap pixels on, and multiplies tap wFirst + t wStep of w. Place p is
 * pixel yStep p + yFirst of y. All pairs are [y, x].
 */
export interface Gather {
  readonly places: Pair;
  readonly stride: Pair;
  readonly first: Pair;
  readonly tap: Pair;
  readonly taps: Pair;
  readonly wFirst: Pair;
  readonly wStep: Pair;
  readonly yStep: Pair;
  readonly yFirst: Pair;
}

/** y[p] = sum over t of x[stride p + dilation t - padding] w[t] */
export const forwardGather = ({ places, stride, padding, dilation, kernel }: Window): Gather => ({
  places,
  stride,
  first: [0 - padding[0], 0 - padding[2]],
  tap: dilation,
  taps: kernel,
  wFirst: [0, 0],
  wStep: [1, 1],
  yStep: [1, 1],
  yFirst: [0, 0],
});

/**
 * The gradient of the input: dx[q] is the sum of dy[p] w[t] over all p and t with stride p +
 * dilation t - padding = q. One gather for each phase of q within the stride, with only those taps
 * that meet a place.
 */
export function backwardGathers(window: Window): Gather[] {
  const [rows, columns] = [phasesOf(window, 0), phasesOf(window, 1)];
  return rows.flatMap((y) =>
    columns.map((x): Gather => {
      const pair = (name: keyof Phase): Pair => [y[name], x[name]];
      return {
        places: pair('places'),
        stride: [1, 1],
        first: pair('first'),
        tap: pair('tap'),
        taps: pair('taps'),
        wFirst: pair('wFirst'),
        wStep: pair('wStep'),
        yStep: window.stride,
        yFirst: pair('yFirst'),
      };
    }),
  );
}

type Phase = Readonly<
  Record<'places' | 'first' | 'tap' | 'taps' | 'wFirst' | 'wStep' | 'yFirst', number>
>;

/** The phases along one axis: pixels q of the image that are `yFirst` modulo the stride. */
function phasesOf(window: Window, axis: 0 | 1): Phase[] {
  const [size, taps, stride] = [window.image[axis], window.kernel[axis], window.stride[axis]];
  const [dilation, before] = [window.dilation[axis], window.padding[2 * axis]!];
  const common = gcd(dilation, stride);
  // Taps that meet a place are this far apart.
  const step = stride / common;
  return Array.from({ length: Math.min(stride, size) }, (_, phase) => {
    const place = (t: number) => (phase + before - t * dilation) / stride;
    const first = Array.from({ length: Math.min(step, taps) }, (_, t) => t).find((t) =>
      Number.isInteger(place(t)),
    );
    return {
      places: Math.ceil((size - phase) / stride),
      yFirst: phase,
      wFirst: first ?? 0,
      wStep: step,
      taps: first === undefined ? 0 : Math.ceil((taps - first) / step),
      first: first === undefined ? 0 : place(first),
      tap: -dilation / common,
    };
  });
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** How often a tap of a place meets a pixel of an image [height, width]: zeros around it are no work. */
export function meetings({ places, stride, first, tap, taps }: Gather, image: Pair): number {
  const along = ([0, 1] as const).map((axis) => {
    let count = 0;
    for (let place = 0; place < places[axis]; place++)
      for (let t = 0; t < taps[axis]; t++) {
        const pixel = place * stride[axis] + first[axis] + t * tap[axis];
        if (pixel >= 0 && pixel < image[axis]) count++;
      }
    return count;
  });
  return along[0]! * along[1]!;
}
