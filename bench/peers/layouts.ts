/** The order of axes that engines have: problems have NHWC and [kh, kw, cin, cout]. */

import type { OpJob, Values } from './work.ts';

/** For each axis of the result, which axis it is of what is given. */
export type Order = readonly number[];

export const CHANNELS_FIRST: Order = [0, 3, 1, 2];
/** [cout, cin, kh, kw]; of depthwise [c, 1, kh, kw]. */
export const OUTPUTS_FIRST: Order = [3, 2, 0, 1];
/** [batch, tokens, heads, size] */
const TOKENS_FIRST: Order = [0, 2, 1, 3];

/** A job in the order of axes of most engines, and the way back for its results. */
export interface Ordered {
  readonly job: OpJob;
  inOrder(y: Float32Array): Float32Array;
}

/** Images as NCHW and weights with outputs first; attention with tokens before heads. */
export const channelsFirst = (job: OpJob): Ordered =>
  ordered(job, job.work.family === 'attention' ? TOKENS_FIRST : CHANNELS_FIRST);

/** As [c, n, h, w]: all pixels of a channel, those of a batch too, one after another. */
export const channelsOutermost = (job: OpJob): Ordered => ordered(job, [3, 0, 1, 2]);

function ordered(job: OpJob, images: Order): Ordered {
  const { work, start, fixed } = job;
  const { pass } = work;
  const orderOf = (name: string, { shape }: Values): Order | undefined =>
    shape.length < 4 ? undefined : name === 'w' ? OUTPUTS_FIRST : images;
  const turn = (name: string, given: Values) => {
    const order = orderOf(name, given);
    return order ? permuted(given, order) : given;
  };
  const like = pass === 'weight gradient' ? 'w' : 'y';
  const order = orderOf(like, start);
  return {
    job: {
      ...job,
      start: turn(like, start),
      fixed: Object.fromEntries(
        Object.entries(fixed).map(([name, list]) => [name, list.map((each) => turn(name, each))]),
      ),
    },
    inOrder(y) {
      if (!order) return y;
      // Chains end with the shape of their start, or with that of its mirror image, whose channels differ.
      const shape = order.map((axis) => start.shape[axis]!);
      const channels = order.indexOf(start.shape.length - 1);
      shape[channels]! *= y.length / start.values.length;
      const back = order.map((_, axis) => order.indexOf(axis));
      return permuted({ shape, values: y }, back).values;
    },
  };
}

/** Values [a, b, c, d] with their axes in another order. */
export function permuted({ shape, values }: Values, order: Order): Values {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis]!);
  const [a, b, c, d] = order.map((axis) => strides[axis]!) as [number, number, number, number];
  const turned = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < sizes[0]!; i++)
    for (let j = 0; j < sizes[1]!; j++)
      for (let k = 0; k < sizes[2]!; k++)
        for (let l = 0; l < sizes[3]!; l++) turned[at++] = values[i * a + j * b + k * c + l * d]!;
  return { shape: sizes, values: turned };
}

/** Values one behind the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
