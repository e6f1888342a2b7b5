import softmaxWgsl from '../../shaders/softmax.wgsl';
import softmaxBackwardWgsl from '../../shaders/softmax_backward.wgsl';
import softmaxBackwardShortRowsWgsl from '../../shaders/softmax_backward_short_rows.wgsl';
import softmaxShortRowsWgsl from '../../shaders/softmax_short_rows.wgsl';
import { kernel, kernelLike } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { rowThreads, threadRows } from './thread_rows.ts';

const sizes = ({ shape }: Operand) => ({ rows: shape[0]!, columns: shape[1]! });

/** y = softmax(x) along rows: x, y [rows, columns]. */
export const softmax = /* @__PURE__ */ kernel<'x', 'y'>(softmaxWgsl, {
  reads: ['x'],
  writes: ['y'],
  overrides: ({ x }, _, target) => rowThreads(target, x),
  params: ({ x }) => sizes(x),
  groups: ({ x }) => sizes(x).rows,
  cost: ({ x }) => ({ bytes: 8 * sizeOf(x.shape), flops: 5 * sizeOf(x.shape) }),
  cut: () => ['x', 'y'],
});

/** The same with a thread for each row. */
export const softmaxShortRows = /* @__PURE__ */ kernelLike(
  softmaxShortRowsWgsl,
  softmax,
  /* @__PURE__ */ threadRows(({ x }) => x),
);

/** dx from y and dy, all [rows, columns]. */
export const softmaxBackward = /* @__PURE__ */ kernel<'y' | 'dy', 'dx'>(softmaxBackwardWgsl, {
  reads: ['y', 'dy'],
  writes: ['dx'],
  overrides: ({ y }, _, target) => rowThreads(target, y),
  params: ({ y }) => sizes(y),
  groups: ({ y }) => sizes(y).rows,
  cost: ({ y }) => ({ bytes: 12 * sizeOf(y.shape), flops: 4 * sizeOf(y.shape) }),
  cut: () => ['y', 'dy', 'dx'],
});

/** The same with a thread for each row. */
export const softmaxBackwardShortRows = /* @__PURE__ */ kernelLike(
  softmaxBackwardShortRowsWgsl,
  softmaxBackward,
  /* @__PURE__ */ threadRows(({ y }) => y),
);
