import {
  softmaxBackward as backwardKernel,
  softmax as kernel,
  softmaxBackwardShortRows,
  softmaxShortRows,
} from '../../kernels/softmax.ts';
import { matrix } from '../../kernels/tensor.ts';
import { threadForRow } from '../../kernels/thread_rows.ts';
import { call1, type OpRule, op, type Tensor } from '../trace.ts';

const softmaxRule: OpRule<void> = {
  halves: [0],
  shape: ([x]) => [x!],
  lower: ({ inputs, outputs, run, target }) => {
    const [x, y] = [matrix(inputs[0]!), matrix(outputs[0]!)];
    run(threadForRow(target, x) ? softmaxShortRows : kernel, { x, y }, undefined);
  },
};
const softmaxForwardOp = /* @__PURE__ */ op('softmax', softmaxRule);
const softmaxOp = /* @__PURE__ */ op('softmax', softmaxRule, {
  // dx = y (dy − Σ y dy)
  backward: ([dy], { y: [y] }) => [call1(softmaxBackwardOp, [y!, dy!], undefined)],
});

const softmaxBackwardOp = /* @__PURE__ */ op('softmaxBackward', {
  halves: [0],
  shape: ([y]) => [y!],
  lower: ({ inputs, outputs, run, target }) => {
    const [y, dy] = inputs.map(matrix);
    const threads = threadForRow(target, y!);
    run(
      threads ? softmaxBackwardShortRows : backwardKernel,
      { y: y!, dy: dy!, dx: matrix(outputs[0]!) },
      undefined,
    );
  },
});

/** exp(x) / Σ exp(x) along the last axis. */
export const softmax = (x: Tensor): Tensor => call1(softmaxOp, [x], undefined);

/** The same without its derivative. */
export const softmaxForward = (x: Tensor): Tensor => call1(softmaxForwardOp, [x], undefined);
