/** Images [n, h, w, c] of another size: bilinear, or the nearest pixel. */

import resizeWgsl from '../../shaders/resize.wgsl';
import resizeBackwardWgsl from '../../shaders/resize_backward.wgsl';
import { singles } from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import { columnThreads, lanesOf } from './walk.ts';

/** Where results lie: see {@link axisOf}. */
export type Sampling = 'aligned' | 'half-pixel' | 'nearest';

/** A result o of an axis lies at (o times + plus) / parts. */
function axisOf(sampling: Sampling, size: number, results: number) {
  if (sampling === 'nearest') return { times: size, plus: 0, parts: results };
  if (sampling === 'half-pixel')
    return { times: 2 * size, plus: size - results, parts: 2 * results };
  // One result is the first pixel.
  return results === 1
    ? { times: 0, plus: 0, parts: 1 }
    : { times: size - 1, plus: 0, parts: results - 1 };
}

interface Attributes {
  readonly sampling: Sampling;
}

/** Threads that keep a CPU busy; results of one on a GPU, which wants more of them. */
const LEAST_THREADS = 256;
const RUN = 4;

/** How threads share the rows of a tensor [n, h, w, c]. */
function stripsOf(target: Target, t: Operand) {
  const [images, h, w] = t.shape as [number, number, number, number];
  const columns = t.shape[3]! / lanesOf(t);
  const rows = images * h * columns;
  const most = target.kind === 'hardware' ? w / RUN : Math.min(w, LEAST_THREADS / rows);
  const run = Math.ceil(w / Math.max(1, most));
  const strips = Math.ceil(w / run);
  const width = columnThreads(target, 64);
  return { columns, run, strips, width, groups: Math.ceil((rows * strips) / width) };
}

/** The WGSL `Params` for images x, results y, and the one of them that threads share. */
function paramsOf(x: Operand, y: Operand, made: Operand, { sampling }: Attributes, target: Target) {
  const [images, h, w] = x.shape as [number, number, number];
  const [, oh, ow] = y.shape as [number, number, number];
  const { columns, run, strips } = stripsOf(target, made);
  const [v, u] = [axisOf(sampling, h, oh), axisOf(sampling, w, ow)];
  return {
    ...{ images, columns, run, strips, h, oh, w, ow },
    ...{ times_y: v.times, plus_y: v.plus, parts_y: v.parts },
    ...{ times_x: u.times, plus_x: u.plus, parts_x: u.parts },
  };
}

const overridesOf = (made: Operand, { sampling }: Attributes, target: Target) => ({
  WIDTH: stripsOf(target, made).width,
  LINEAR: Number(sampling !== 'nearest'),
});

const editionsOf = (t: Operand) => (lanesOf(t) === 4 ? {} : singles);

/** y [n, oh, ow, c] of x [n, h, w, c]. */
export const resize = /* @__PURE__ */ kernel<'x', 'y', Attributes>(resizeWgsl, {
  reads: ['x'],
  writes: ['y'],
  editions: ({ y }) => editionsOf(y),
  overrides: ({ y }, a, target) => overridesOf(y, a, target),
  params: ({ x, y }, a, target) => paramsOf(x, y, y, a, target),
  groups: ({ y }, _, target) => stripsOf(target, y).groups,
  cost: ({ x, y }, { sampling }) => ({
    bytes: 4 * (sizeOf(x.shape) + sizeOf(y.shape)),
    flops: sampling === 'nearest' ? 0 : 6 * sizeOf(y.shape),
  }),
  cut: () => ['x', 'y'],
});

/** dx of dy. */
export const resizeBackward = /* @__PURE__ */ kernel<'dy', 'dx', Attributes>(resizeBackwardWgsl, {
  reads: ['dy'],
  writes: ['dx'],
  editions: ({ dx }) => editionsOf(dx),
  overrides: ({ dx }, a, target) => overridesOf(dx, a, target),
  params: ({ dx, dy }, a, target) => paramsOf(dx, dy, dx, a, target),
  groups: ({ dx }, _, target) => stripsOf(target, dx).groups,
  cost: ({ dx, dy }, { sampling }) => ({
    bytes: 4 * (sizeOf(dx.shape) + sizeOf(dy.shape)),
    flops: (sampling === 'nearest' ? 1 : 8) * sizeOf(dy.shape),
  }),
  cut: () => ['dy', 'dx'],
});
