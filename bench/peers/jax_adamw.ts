/** The update by AdamW in jax-js, which has none of its own for a jitted step. */

import type { JsTree, numpy } from '@jax-js/jax';
import type { AdamOptions } from './problem.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;

/** Parameters, and the means of their gradients and of the squares of these. */
export type Moments<T> = { parameters: T; m: T; v: T };

/** 1 - beta ** count of both means: in f32, 1 - 0.999 would be off by 1e-5 of its value. */
export const corrections = ({ beta1, beta2 }: AdamOptions, count: number): number[] => [
  1 - beta1 ** count,
  1 - beta2 ** count,
];

/**
 * All parameters after a step; uses up its arguments.
 * @param corrections [2], see {@link corrections}
 * @param decays whether weights decay in the parameter of that number
 */
export function adamW<T extends JsTree<NumArray>>(
  { numpy: np, tree }: Jax,
  { rate, decay, beta1, beta2, epsilon }: AdamOptions,
  { parameters, m, v, gradients }: Moments<T> & { gradients: T },
  corrections: NumArray,
  decays: (p: NumArray, i: number) => boolean,
): Moments<T> {
  const [means, squares, slopes] = [m, v, gradients].map((each) => tree.leaves(each));
  const [all, layout] = tree.flatten(parameters);
  const [correction1, correction2] = [corrections.ref.slice(0), corrections.slice(1)];
  const made = all.map((p, i) => {
    const g = slopes![i]!;
    const mean = means![i]!.mul(beta1).add(g.ref.mul(1 - beta1));
    const square = squares![i]!.mul(beta2).add(np.square(g).mul(1 - beta2));
    const size = np.sqrt(square.ref.div(correction2.ref)).add(epsilon);
    const kept = decays(p, i) ? p.mul(1 - rate * decay) : p;
    const step = mean.ref.div(correction1.ref).div(size).mul(rate);
    return { p: kept.sub(step), mean, square };
  });
  correction1.dispose();
  correction2.dispose();
  const treeOf = (pick: (each: (typeof made)[number]) => NumArray) =>
    tree.unflatten(layout, made.map(pick)) as unknown as T;
  return {
    parameters: treeOf(({ p }) => p),
    m: treeOf(({ mean }) => mean),
    v: treeOf(({ square }) => square),
  };
}
