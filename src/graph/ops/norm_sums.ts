/** What the backward passes of batch norm and layer norm share. */

import type { batchNormSums } from '../../kernels/batch_norm.ts';
import type { layerNormSums } from '../../kernels/layer_norm.ts';
import type { Operand } from '../../kernels/tensor.ts';
import type { Lowering } from '../trace.ts';
import { reduceGroup } from './reduce.ts';

/** dscale and dshift [columns] from sums over blocks of `block` rows. */
export function addBlocks(
  context: Lowering,
  kernel: typeof batchNormSums | typeof layerNormSums,
  block: number,
  { dscale, dshift, ...read }: Record<keyof Parameters<typeof batchNormSums>[1], Operand>,
) {
  const [rows, columns] = read.x.shape as [number, number];
  const blocks = Math.ceil(rows / block);
  const attributes = { block, firstBlock: 0 };
  if (blocks === 1) {
    context.run(kernel, { ...read, dscale, dshift }, attributes);
    return;
  }
  const scales = context.scratch('block dscale', [blocks, columns]);
  const shifts = context.scratch('block dshift', [blocks, columns]);
  context.run(kernel, { ...read, dscale: scales, dshift: shifts }, attributes);
  reduceGroup(context, 'sum', scales, dscale, 1, blocks, columns);
  reduceGroup(context, 'sum', shifts, dshift, 1, blocks, columns);
}
