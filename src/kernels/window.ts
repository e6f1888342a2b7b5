/**
 * Windows that slide over images [n, h, w, c]: the geometry that convolution, depthwise convolution
 * and pooling share.
 */

/** For height and width alike, or [height, width]. */
export type Pair = number | readonly [number, number];

/**
 * Rows and columns of zeros around an image: the same on each side, [top, bottom, left, right], or
 * `'same'`, which gives ceil(size / stride) results and puts an odd row or column at the bottom and
 * right, as TensorFlow does; with stride 1 and odd kernels that is PyTorch's `'same'`, too.
 */
export type Padding = number | readonly [number, number, number, number] | 'same';

export interface WindowOptions {
  /** Pixels from one window to the next; 1. */
  stride?: Pair;
  /** None. */
  padding?: Padding;
  /** Pixels from one tap of a window to the next; 1. */
  dilation?: Pair;
}

/** All pairs are [height, width]. */
export interface Window {
  /** Size of the image. */
  readonly image: readonly [number, number];
  /** Taps of the window. */
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** [top, bottom, left, right] */
  readonly padding: readonly [number, number, number, number];
  /** How many windows there are. */
  readonly places: readonly [number, number];
}

/**
 * The windows of a kernel over an image, sizes being [height, width].
 * @throws where a size is no whole number, or the window does not fit into the padded image
 */
export function windowOf(
  op: string,
  image: readonly [number, number],
  kernel: readonly [number, number],
  { stride = 1, padding = 0, dilation = 1 }: WindowOptions = {},
): Window {
  const pair = (name: string, value: Pair): readonly [number, number] => {
    const both = typeof value === 'number' ? ([value, value] as const) : value;
    return both.map((n) => whole(op, name, n, 1)) as [number, number];
  };
  const [strides, dilations] = [pair('stride', stride), pair('dilation', dilation)];
  const reach = kernel.map((taps, i) => dilations[i]! * (whole(op, 'kernel', taps, 1) - 1) + 1);
  const around = (i: 0 | 1): readonly [number, number] => {
    if (padding === 'same') {
      const places = Math.ceil(image[i] / strides[i]!);
      const all = Math.max(0, (places - 1) * strides[i]! + reach[i]! - image[i]);
      return [Math.floor(all / 2), Math.ceil(all / 2)];
    }
    const sides =
      typeof padding === 'number' ? [padding, padding] : padding.slice(2 * i, 2 * i + 2);
    return sides.map((n) => whole(op, 'padding', n, 0)) as [number, number];
  };
  const sides = [around(0), around(1)] as const;
  const places = sides.map(([before, after], i) => {
    const room = image[i]! + before + after;
    if (room < reach[i]!)
      throw new Error(
        `${op}: a window of ${kernel.join(' x ')} taps with dilation ${dilations.join(' x ')} reaches over ${reach.join(' x ')} pixels, ` +
          `the image of ${image.join(' x ')} has ${room} with its padding. Pad more or use a smaller dilation`,
      );
    return Math.floor((room - reach[i]!) / strides[i]!) + 1;
  }) as [number, number];
  return {
    image,
    kernel,
    stride: strides,
    dilation: dilations,
    padding: [...sides[0], ...sides[1]],
    places,
  };
}

function whole(op: string, name: string, n: number, least: number): number {
  if (Number.isInteger(n) && n >= least) return n;
  throw new Error(`${op}: ${name} ${n} is no whole number of ${least} or more. Give one`);
}
