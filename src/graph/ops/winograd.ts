/** A convolution 3x3 as transforms around products of matrices. */

import type { Stage } from '../../kernels/chain.ts';
import { maxConvStages } from '../../kernels/conv.ts';
import type { Operand } from '../../kernels/tensor.ts';
import type { Window } from '../../kernels/window.ts';
import {
  type Tiling,
  tileCount,
  WINOGRAD_PRODUCTS,
  winogradInput,
  winogradOutput,
  winogradTaps,
} from '../../kernels/winograd.ts';
import type { Lowering } from '../trace.ts';
import { runMatmul } from './matmul.ts';

/**
 * Computes y of x and w, both over `window`; or with `gradient` dx of dy and w, which is the convolution of dy with mirrored
 * taps, whose rows and columns change places.
 */
export function runWinograd(
  context: Lowering,
  { x, w, y }: Record<'x' | 'w' | 'y', Operand>,
  { window, gradient, stages }: { window: Window; gradient: boolean; stages: readonly Stage[] },
): void {
  const { padding } = window;
  const tiling: Tiling = {
    images: x.shape[0]!,
    from: [x.shape[1]!, x.shape[2]!],
    to: [y.shape[1]!, y.shape[2]!],
    padding: gradient ? [2 - padding[0], 2 - padding[2]] : [padding[0], padding[2]],
  };
  const tiles = tileCount(tiling);
  const products = (name: string, ...shape: number[]) =>
    context.scratch(name, [WINOGRAD_PRODUCTS, ...shape]);
  const u = products('transformed taps', w.shape[2]!, w.shape[3]!);
  const v = products('transformed image', tiles, x.shape[3]!);
  const m = products('products', tiles, y.shape[3]!);
  context.run(winogradTaps, { w, u }, { flip: gradient });
  context.run(winogradInput, { x, v }, tiling);
  runMatmul(
    context,
    { a: v, b: u, y: m },
    { transposeA: false, transposeB: gradient, stages: [], accumulate: false },
  );
  const [e0, e1, e2, e3] = Array.from(
    { length: maxConvStages },
    (_, i) => stages[i]?.operand ?? m,
  ) as [Operand, Operand, Operand, Operand];
  context.run(winogradOutput, { m, y, e0, e1, e2, e3 }, { ...tiling, stages });
}
