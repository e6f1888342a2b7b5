import { softmaxBackward as backwardKernel, softmax as kernel } from '../../kernels/softmax.ts';
import { matrix } from '../../kernels/tensor.ts';
import { call1, op, type Tensor } from '../trace.ts';

const softmaxOp = /* @__PURE__ */ op('softmax', {
  shape: ([x]) => [x!],
  lower: ({ inputs: [x], outputs: [y], run }) =>
    run(kernel, { x: matrix(x!), y: matrix(y!) }, undefined),
  // dx = y (dy − Σ y dy)
  backward: ([dy], { y: [y] }) => [call1(softmaxBackwardOp, [y!, dy!], undefined)],
});

const softmaxBackwardOp = /* @__PURE__ */ op('softmaxBackward', {
  shape: ([y]) => [y!],
  lower: ({ inputs: [y, dy], outputs: [dx], run }) =>
    run(backwardKernel, { y: matrix(y!), dy: matrix(dy!), dx: matrix(dx!) }, undefined),
});

/** exp(x) / Σ exp(x) along the last axis. */
export const softmax = (x: Tensor): Tensor => call1(softmaxOp, [x], undefined);
