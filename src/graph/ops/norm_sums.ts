/** What the backward passes of batch norm and layer norm share. */

import type { Block, batchNormSums } from '../../kernels/batch_norm.ts';
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
  overBlocks(context, read.x, block, { dscale, dshift }, (sums, a) =>
    context.run(kernel, { ...read, ...sums }, a),
  );
}

type Sums = Readonly<Record<'dscale' | 'dshift', Operand>>;

/** The same by a kernel that `run` runs, on the blocks of x [rows, columns]. */
export function overBlocks(
  context: Lowering,
  { shape }: Operand,
  block: number,
  { dscale, dshift }: Sums,
  run: (sums: Sums, a: Block) => void,
) {
  const [rows, columns] = shape as [number, number];
  const blocks = Math.ceil(rows / block);
  const attributes = { block, firstBlock: 0 };
  if (blocks === 1) {
    run({ dscale, dshift }, attributes);
    return;
  }
  const scales = context.scratch('block dscale', [blocks, columns]);
  const shifts = context.scratch('block dshift', [blocks, columns]);
  run({ dscale: scales, dshift: shifts }, attributes);
  reduceGroup(context, 'sum', scales, dscale, 1, blocks, columns);
  reduceGroup(context, 'sum', shifts, dshift, 1, blocks, columns);
}
