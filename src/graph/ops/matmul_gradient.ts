/** The derivative of matrix products. */

import { sizeOf } from '../../kernels/tensor.ts';
import type { Gradients, Tensor } from '../trace.ts';
import { reshape } from './layout.ts';
import { matmul } from './matmul.ts';
import { sumTo } from './reduce.ts';

/** y = a b:  da = dy bᵀ,  db = aᵀ dy; with a or b transposed, their gradients are transposed too. */
export const matmulGradient: Gradients['matmul'] = (dy, [a, b], { transposeA, transposeB }) => {
  const da = transposeA
    ? matmul(b!, dy, { transposeA: transposeB, transposeB: true })
    : matmul(dy, b!, { transposeB: !transposeB });
  const db = sharedMatrix(a!, b!, transposeA)
    ? matmulRows(a!, dy, transposeB)
    : transposeB
      ? matmul(dy, a!, { transposeA: true, transposeB: transposeA })
      : matmul(a!, dy, { transposeA: !transposeA });
  return [sumTo(da, a!.shape), sumTo(db, b!.shape)];
};

/** Whether all rows of a batch meet the same matrix b, so that the batch is only more rows. */
const sharedMatrix = (a: Tensor, b: Tensor, transposeA: boolean) =>
  !transposeA && a.shape.length > 2 && sizeOf(b.shape.slice(0, -2)) === 1;

/** The gradient of a shared b: the sum over the batch is a longer inner axis. */
function matmulRows(a: Tensor, dy: Tensor, transposeB: boolean): Tensor {
  const rows = (t: Tensor) => reshape(t, [-1, t.shape.at(-1)!]);
  return transposeB
    ? matmul(rows(dy), rows(a), { transposeA: true })
    : matmul(rows(a), rows(dy), { transposeA: true });
}
