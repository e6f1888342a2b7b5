/** Images of another size. */

import { resizeBackward, resize as resizeKernel, type Sampling } from '../../kernels/resize.ts';
import type { Shape } from '../../kernels/tensor.ts';
import { call1, type Op, type OpRule, op, show, type Tensor } from '../trace.ts';

interface Resizing {
  readonly sampling: Sampling;
  /** Height and width. */
  readonly size: readonly [number, number];
}

const resizeRule: OpRule<Resizing> = {
  halves: [0],
  shape: ([x], { size }) => [[x![0]!, ...size, x![3]!]],
  lower: ({ inputs: [x], outputs: [y], run }, { sampling }) =>
    run(resizeKernel, { x: x!, y: y! }, { sampling }),
};
const resizeForwardOp = /* @__PURE__ */ op<Resizing>('resize', resizeRule);
const resizeOp = /* @__PURE__ */ op<Resizing>('resize', resizeRule, {
  // Each pixel sums the results that read it, by their weights.
  backward: ([dy], { x: [x], a: { sampling } }) => [
    call1(resizeBackwardOp, [dy!], { sampling, image: x!.shape }),
  ],
});

const resizeBackwardOp = /* @__PURE__ */ op<{ sampling: Sampling; image: Shape }>(
  'resizeBackward',
  {
    halves: [0],
    shape: (_, { image }) => [image],
    lower: ({ inputs: [dy], outputs: [dx], run }, { sampling }) =>
      run(resizeBackward, { dy: dy!, dx: dx! }, { sampling }),
  },
);

/** Places of results are whole numbers of 32 bits: 2 size results at most. */
const MOST_PIXELS = 2 ** 15 - 1;

function resized(by: Op<Resizing>, name: string, x: Tensor, attributes: Resizing): Tensor {
  if (x.shape.length !== 4)
    throw new Error(
      `${name}: x is ${show(x.shape)}, images are [n, h, w, c]. Reshape it, or add the missing axes`,
    );
  const all = [...attributes.size, ...x.shape.slice(1, 3)];
  if (all.some((n) => !Number.isInteger(n) || n < 1 || n > MOST_PIXELS))
    throw new Error(
      `${name}: from ${show(x.shape.slice(1, 3))} to ${show(attributes.size)} pixels; both must be whole numbers from 1 to ${MOST_PIXELS}`,
    );
  return call1(by, [x], attributes);
}

export interface ResizeOptions {
  /**
   * What stays in place: the centres of the pixels in the corners (`'aligned'`, PyTorch's
   * `align_corners=True`), or the edges of the image (`'half-pixel'`, `align_corners=False`).
   */
  corners?: 'aligned' | 'half-pixel';
}

/**
 * x [n, h, w, c] with another height and width, bilinear between the four pixels around each place: as
 * PyTorch's `interpolate`, without smoothing where it becomes smaller.
 * @throws where x is no image, or a size is no whole number
 */
export const resizeBilinear = (
  x: Tensor,
  size: readonly [number, number],
  { corners = 'half-pixel' }: ResizeOptions = {},
): Tensor => resized(resizeOp, 'resizeBilinear', x, { sampling: corners, size });

/** The same without its derivative. */
export const resizeBilinearForward: typeof resizeBilinear = (
  x,
  size,
  { corners = 'half-pixel' } = {},
) => resized(resizeForwardOp, 'resizeBilinear', x, { sampling: corners, size });

/**
 * x [n, h, w, c] with another height and width: result o of an axis is pixel floor(o size / results),
 * as with PyTorch's mode `nearest`.
 * @throws where x is no image, or a size is no whole number
 */
export const resizeNearest = (x: Tensor, size: readonly [number, number]): Tensor =>
  resized(resizeOp, 'resizeNearest', x, { sampling: 'nearest', size });

/** The same without its derivative. */
export const resizeNearestForward: typeof resizeNearest = (x, size) =>
  resized(resizeForwardOp, 'resizeNearest', x, { sampling: 'nearest', size });
