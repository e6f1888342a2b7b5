/** Transposed convolution over NHWC. */

import { type Pair, type Window, windowOf } from '../../kernels/window.ts';
import { show, type Tensor } from '../trace.ts';
import { convInput, convInputForward } from './conv.ts';

export interface ConvTransposeOptions {
  /** Pixels of the result from one window to the next; 1. */
  stride?: Pair;
  /** Rows and columns that are cut off the result: everywhere, or [top, bottom, left, right]; 0. */
  padding?: number | readonly [number, number, number, number];
  /** Rows and columns that the result has more, at the bottom and right, fewer than the stride; 0. */
  outputPadding?: Pair;
}

/**
 * Transposed convolution of x [n, h, w, cin] with w [kh, kw, cout, cin]: [n, rows, columns, cout],
 * where y[q] = Σ of x[p] w[t] over all pixels p and taps t with stride p + t - padding = q. There
 * are (h - 1) stride + kh - padding + outputPadding rows, and columns alike, as in PyTorch, whose
 * weights [cin, cout, kh, kw] are these after a transposition by [2, 3, 1, 0]. A bias, an
 * activation or a residual that follows is computed with it.
 * @throws where shapes or options do not fit together
 */
export const convTranspose2d = (x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor =>
  transposed(convInput, x, w, options);

/** The same without its derivative. */
export const convTranspose2dForward: typeof convTranspose2d = (x, w, options = {}) =>
  transposed(convInputForward, x, w, options);

function transposed(
  by: typeof convInput,
  x: Tensor,
  w: Tensor,
  options: ConvTransposeOptions,
): Tensor {
  const mistake = (rule: string, repair: string) =>
    new Error(`convTranspose2d: ${rule}, x ${show(x.shape)}, w ${show(w.shape)}. ${repair}`);
  if (x.shape.length !== 4 || w.shape.length !== 4)
    throw mistake(
      'x must be [n, h, w, cin] and w [kh, kw, cout, cin]',
      'Reshape what has other axes',
    );
  const [, height, width, cin] = x.shape as [number, number, number, number];
  const [kh, kw, cout, inner] = w.shape as [number, number, number, number];
  if (inner !== cin) {
    const [first, second] = w.shape as [number, number];
    throw mistake(
      `x has ${cin} channels, so the last axis of w needs as many and has ${inner}`,
      cout === cin
        ? 'Transpose w by [0, 1, 3, 2]'
        : first === cin
          ? `If w is [cin, cout, kh, kw], as PyTorch has it, transpose it by [2, 3, 1, 0]`
          : `Make w [kh, kw, cout, ${cin}]${second === cin ? ', channels of x last' : ''}`,
    );
  }
  return by(x, w, cout, transposedWindow([height, width], [kh, kw], options, mistake));
}

/** The window of the convolution whose input the result would be, and whose result x would be. */
function transposedWindow(
  places: readonly [number, number],
  kernel: readonly [number, number],
  { stride = 1, padding = 0, outputPadding = 0 }: ConvTransposeOptions,
  mistake: (rule: string, repair: string) => Error,
): Window {
  const pair = (value: Pair) => (typeof value === 'number' ? [value, value] : value);
  const [strides, more] = [pair(stride), pair(outputPadding)];
  const sides = typeof padding === 'number' ? Array<number>(4).fill(padding) : padding;
  const image = ([0, 1] as const).map((axis) => {
    const [step, extra] = [strides[axis]!, more[axis]!];
    if (!Number.isInteger(extra) || extra < 0 || extra >= Math.max(1, step))
      throw mistake(
        `outputPadding ${extra} with stride ${step}`,
        'Give a whole number from 0 to below the stride',
      );
    const whole = (places[axis] - 1) * step + kernel[axis] + extra;
    const size = whole - sides[2 * axis]! - sides[2 * axis + 1]!;
    if (size < 1)
      throw mistake(
        `padding [${sides.join(', ')}] leaves nothing of the ${whole} ${axis ? 'columns' : 'rows'}`,
        'Pad less',
      );
    return size;
  }) as [number, number];
  const four = sides as [number, number, number, number];
  return windowOf('convTranspose2d', image, kernel, { stride, padding: four });
}
