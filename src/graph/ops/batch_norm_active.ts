/** Batch norm and the activation after it, backward, as one op. */

import { normBlock } from '../../kernels/batch_norm.ts';
import {
  batchNormActiveBackward,
  batchNormActiveColumns,
  batchNormActiveSums,
  batchNormLines,
  type Slope,
} from '../../kernels/batch_norm_active.ts';
import type { StageOp } from '../../kernels/chain.ts';
import { matrix, type Operand, view } from '../../kernels/tensor.ts';
import { type Graph, prune } from '../prune.ts';
import { type OpCall, op, type Tensor } from '../trace.ts';
import { batchNormBackwardOp, batchNormOp, isWhole } from './batch_norm.ts';
import { type ElementwiseAttributes, elementwiseOp } from './elementwise.ts';
import { overBlocks } from './norm_sums.ts';

/** [dx, dscale, dshift] of x, dy, mean, inv_std, scale and shift, with dy that of activation(z). */
const activeBackwardOp = /* @__PURE__ */ op<Slope>('batchNormBackward', {
  halves: [0],
  shape: ([x, , , , scale]) => [x!, scale!, scale!],
  lower: (context, { slope }) => {
    const [x, dy] = context.inputs.slice(0, 2).map(matrix) as [Operand, Operand];
    const [mean, inv_std, scale, shift] = context.inputs.slice(2) as [
      Operand,
      Operand,
      Operand,
      Operand,
    ];
    const [, dscale, dshift] = context.outputs as [Operand, Operand, Operand];
    const [rows, columns] = x.shape as [number, number];
    const dx = view(context.outputs[0]!, x.shape);
    const lines = context.scratch('batch norm lines', [4, columns]);
    context.run(batchNormLines, { mean, inv_std, scale, shift, lines }, undefined);
    if (isWhole(context.target, x)) {
      context.run(batchNormActiveColumns, { x, dy, lines, dscale, dshift, dx }, { slope });
      return;
    }
    const block = normBlock(context.target, x);
    overBlocks(context, x, block, { dscale, dshift }, (sums, a) =>
      context.run(batchNormActiveSums, { x, dy, lines, ...sums }, { ...a, slope }),
    );
    context.run(batchNormActiveBackward, { x, dy, lines, dscale, dshift, dx }, { rows, slope });
  },
});

/** Activations by the stages that are their gradients, where those go by what is before them. */
const BY_INPUT: ReadonlySet<StageOp> = new Set([
  'siluGradient',
  'geluGradient',
  'hardSwishGradient',
  'softplusGradient',
]);

/**
 * The graph with gradients of activations in those of the batch norms before them, where nothing
 * else needs either: z, between norm and activation, is then made again from x and not kept, so that
 * the activation moves into the norm forward, too.
 */
export function joinActivations({ calls, outputs }: Graph): Graph {
  const makers = new Map<Tensor, OpCall>();
  const uses = new Map<Tensor, number>();
  const use = (t: Tensor) => uses.set(t, (uses.get(t) ?? 0) + 1);
  for (const call of calls) {
    call.inputs.forEach(use);
    for (const y of call.outputs) makers.set(y, call);
  }
  outputs.forEach(use);

  /** The one stage of an elementwise call, and what it takes. */
  const stageOf = (t: Tensor) => {
    const call = makers.get(t);
    if (call?.op !== elementwiseOp) return undefined;
    const { stages } = call.attributes as ElementwiseAttributes;
    return stages.length === 1 ? { ...stages[0]!, inputs: call.inputs } : undefined;
  };
  const joined = (call: OpCall): OpCall | undefined => {
    const [x, dz, mean, invStd, scale] = call.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const stage = stageOf(dz);
    if (stage?.input !== 1 || uses.get(dz) !== 1) return undefined;
    const [dy, at] = stage.inputs as [Tensor, Tensor];
    const norm = makers.get(mean);
    if (norm?.op !== batchNormOp || dy.shape.join() !== x.shape.join()) return undefined;
    const [z] = norm.outputs;
    // The gradient of ReLU goes by its result, which is positive where z is.
    const relu = stage.op === 'reluGradient' ? stageOf(at) : undefined;
    const known = relu ? relu.op === 'relu' && relu.inputs[0] === z : at === z;
    if (!known || !(relu || BY_INPUT.has(stage.op))) return undefined;
    const inputs = [x, dy, mean, invStd, scale, norm.inputs[2]!];
    return { ...call, op: activeBackwardOp, inputs, attributes: { slope: stage.op } };
  };
  const all = calls.map((call) => (call.op === batchNormBackwardOp && joined(call)) || call);
  return prune({ calls: all, outputs });
}
