/** Squeeze and excitation, and the mean over images that it begins with. */

import {
  type Excitation,
  excite,
  exciteBackward,
  imageScale,
  imageSums,
  maxScaleStages,
  pixelsOf,
} from '../../kernels/squeeze_excite.ts';
import { type Operand, sizeOf, view } from '../../kernels/tensor.ts';
import { lanesOf } from '../../kernels/walk.ts';
import {
  call,
  call1,
  type Lowering,
  type Op,
  type OpRule,
  op,
  show,
  type Tensor,
} from '../trace.ts';
import { mul, type StageSpec, stagesOf } from './elementwise.ts';
import { broadcastTo, reshape } from './layout.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';

/** [n, h, w, c] as [n, pixels, c]. */
const images = (t: Operand): Operand =>
  view(t, [t.shape[0]!, t.shape[1]! * t.shape[2]!, t.shape[3]!]);

/** y [n, c] = scale times the sum of x, or of x dy, over the pixels of each image. */
function sumImages(context: Lowering, x: Operand, y: Operand, scale: number, dy?: Operand) {
  const [n, pixels, c] = images(x).shape as [number, number, number];
  const block = pixelsOf(context.target, pixels, (n * c) / lanesOf(x));
  const blocks = Math.ceil(pixels / block);
  const last = view(y, [n, 1, c]);
  const read = { x: images(x), dy: images(dy ?? x) };
  const product = dy !== undefined;
  if (blocks === 1) {
    context.run(imageSums, { ...read, y: last }, { product, block, scale });
    return;
  }
  const partial = context.scratch('block sums', [n, blocks, c]);
  context.run(imageSums, { ...read, y: partial }, { product, block, scale: 1 });
  const again = { product: false, block: blocks, scale };
  context.run(imageSums, { x: partial, dy: partial, y: last }, again);
}

const pixelCount = ([, h, w]: readonly number[]) => h! * w!;

const globalMeanOp = /* @__PURE__ */ op('globalMean2d', {
  shape: ([x]) => [[x![0]!, x![3]!]],
  lower: (context) => {
    const [x] = context.inputs as [Operand];
    sumImages(context, x, context.outputs[0]!, 1 / pixelCount(x.shape));
  },
  // Each pixel has its share of the gradient.
  backward: ([dy], { x: [x] }) => {
    const [n, , , c] = x!.shape as [number, number, number, number];
    return [broadcastTo(reshape(mul(dy!, 1 / pixelCount(x!.shape)), [n, 1, 1, c]), x!.shape)];
  },
});

/** Mean over the pixels of each image: x [n, h, w, c] gives [n, c]. */
export function globalMean2d(x: Tensor): Tensor {
  checkImages('globalMean2d', x);
  return call1(globalMeanOp, [x], undefined);
}

interface SqueezeCall extends Excitation {
  /** What the planner fused into the store; operands are inputs from the sixth on. */
  readonly stages: readonly StageSpec[];
}

/** [y, mean, z, hidden, gate] of x, w1, b1, w2 and b2. */
const squeezeRule: OpRule<SqueezeCall> = {
  halves: [0],
  shape: ([x, w1]) => {
    const [n, c, units] = [x![0]!, x![3]!, w1![1]!];
    return [x!, [n, c], [n, units], [n, units], [n, c]];
  },
  epilogue: maxScaleStages,
  lower: (context, { stages, ...excitation }) => {
    const [x, w1, b1, w2, b2] = context.inputs as [Operand, Operand, Operand, Operand, Operand];
    const [y, mean, z, hidden, gate] = context.outputs as [
      Operand,
      Operand,
      Operand,
      Operand,
      Operand,
    ];
    sumImages(context, x, mean, 1 / pixelCount(x.shape));
    context.run(excite, { mean, w1, b1, w2, b2, z, hidden, gate }, excitation);
    scaleImages(context, { x, scale: gate, y }, stages);
  },
};
const squeezeForwardOp = /* @__PURE__ */ op<SqueezeCall>('squeezeExcite', squeezeRule);
const squeezeExciteOp = /* @__PURE__ */ op<SqueezeCall>('squeezeExcite', squeezeRule, {
  // With g the gate of v = hidden w2 + b2 and z = mean w1 + b1:  dg = Σ dy x over pixels,  dv = dg g'(v),
  // dz = (dv w2ᵀ) activation'(z),  dx = dy g + dz w1ᵀ / pixels; weights and biases as of any dense layer.
  backward: ([dy], { x: [x, w1, , w2], y: [, mean, z, hidden, gate], a: { silu, hard } }) => {
    const scale = 1 / pixelCount(x!.shape);
    const dgate = call1(gateGradientOp, [x!, dy!], undefined);
    const inner = [dgate, gate!, z!, w1!, w2!];
    const [dv, dz, dmean] = call(exciteBackwardOp, inner, { silu, hard, scale });
    return [
      call1(imageScaleOp, [dy!, gate!, dmean!], { stages: [] }),
      matmul(mean!, dz!, { transposeA: true }),
      sum(dz!, 0),
      matmul(hidden!, dv!, { transposeA: true }),
      sum(dv!, 0),
    ];
  },
});

/** Σ x dy over the pixels of each image: [n, c]. */
const gateGradientOp = /* @__PURE__ */ op('squeezeExciteGate', {
  shape: ([x]) => [[x![0]!, x![3]!]],
  lower: (context) => {
    const [x, dy] = context.inputs as [Operand, Operand];
    sumImages(context, x, context.outputs[0]!, 1, dy);
  },
});

/** [dv, dz, dmean] */
const exciteBackwardOp = /* @__PURE__ */ op<Excitation & { scale: number }>(
  'squeezeExciteBackward',
  {
    shape: ([dgate, , z]) => [dgate!, z!, dgate!],
    lower: ({ inputs, outputs, run }, a) => {
      const [dgate, gate, z, w1, w2] = inputs as [Operand, Operand, Operand, Operand, Operand];
      const [dv, dz, dmean] = outputs as [Operand, Operand, Operand];
      run(exciteBackward, { dgate, gate, z, w1, w2, dv, dz, dmean }, a);
    },
  },
);

/** x scale + shift with a scale and a shift [n, c] for each channel of an image. */
const imageScaleOp = /* @__PURE__ */ op<{ stages: readonly StageSpec[] }>('squeezeExciteScale', {
  halves: [0],
  shape: ([x]) => [x!],
  epilogue: maxScaleStages,
  lower: (context, { stages }) => {
    const [x, scale, shift] = context.inputs as [Operand, Operand, Operand];
    scaleImages(context, { x, scale, shift, y: context.outputs[0]! }, stages);
  },
});

function scaleImages(
  context: Lowering,
  { x, scale, shift, y }: Record<'x' | 'scale' | 'y', Operand> & { shift?: Operand },
  specs: readonly StageSpec[],
) {
  const flat = images(x);
  const stages = stagesOf(context, specs, y.shape).map((stage) =>
    stage.kind === 'full'
      ? { ...stage, operand: view(stage.operand!, flat.shape) }
      : stage.kind === 'column'
        ? { ...stage, operand: view(stage.operand!, flat.shape.slice(0, 2)) }
        : stage,
  );
  const [e0, e1, e2, e3] = Array.from(
    { length: maxScaleStages },
    (_, i) => stages[i]?.operand ?? flat,
  ) as [Operand, Operand, Operand, Operand];
  const operands = { x: flat, scale, shift: shift ?? scale, y: images(y), e0, e1, e2, e3 };
  context.run(imageScale, operands, { shifted: shift !== undefined, stages });
}

/** Two dense layers: w1 [c, units], b1 [units], w2 [units, c], b2 [c]. */
export type SqueezeWeights = Record<'w1' | 'b1' | 'w2' | 'b2', Tensor>;

export interface SqueezeOptions {
  /** Of the units; relu. */
  activation?: 'relu' | 'silu';
  /** Of the channels; sigmoid. The hard one is clamp(v + 3, 0, 6) / 6 (Howard et al. 2019). */
  gate?: 'sigmoid' | 'hardSigmoid';
}

/**
 * Squeeze and excitation (Hu, Shen and Sun 2018): each channel of each image of x [n, h, w, c] is multiplied by a gate, computed by
 * two dense layers from the means of all channels of that image.
 * @throws where the weights do not fit the channels of x
 */
export const squeezeExcite = (
  x: Tensor,
  weights: SqueezeWeights,
  options: SqueezeOptions = {},
): Tensor => gated(squeezeExciteOp, x, weights, options);

/** The same without its derivative. */
export const squeezeExciteForward: typeof squeezeExcite = (x, weights, options = {}) =>
  gated(squeezeForwardOp, x, weights, options);

function gated(
  by: Op<SqueezeCall>,
  x: Tensor,
  weights: SqueezeWeights,
  { activation = 'relu', gate = 'sigmoid' }: SqueezeOptions,
): Tensor {
  checkImages('squeezeExcite', x);
  const c = x.shape[3]!;
  const units = weights.b1.size;
  const right = { w1: [c, units], b1: [units], w2: [units, c], b2: [c] };
  for (const [name, shape] of Object.entries(right)) {
    const given = weights[name as keyof SqueezeWeights].shape;
    if (given.join() !== shape.join())
      throw new Error(
        `squeezeExcite: ${name} is ${show(given)}, with ${c} channels of x ${show(x.shape)} and ${units} units it must be ${show(shape)}`,
      );
  }
  const { w1, b1, w2, b2 } = weights;
  const a = { silu: activation === 'silu', hard: gate === 'hardSigmoid', stages: [] };
  return call(by, [x, w1, b1, w2, b2], a)[0]!;
}

function checkImages(name: string, { shape }: Tensor) {
  if (shape.length !== 4 || sizeOf(shape) === 0)
    throw new Error(`${name}: x must be images [n, h, w, c] with pixels, got ${show(shape)}`);
}
