/** The lifter in jax-js: inference, and a training step as one jitted function. */

import type { numpy } from '@jax-js/jax';
import type { Lifter, Trainer } from './engine.ts';
import { adamW, corrections, type Moments } from './jax_adamw.ts';
import {
  type Hidden,
  INPUTS,
  NORM_EPSILON,
  OUTPUTS,
  type Training,
  type Weights,
} from './problem.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;

type Layer = { w: NumArray; scale: NumArray; shift: NumArray };
type Parameters = { hidden: Layer[]; w: NumArray; bias: NumArray };
/** Running statistics of a norm. */
type Norm = { mean: NumArray; variance: NumArray };
/** What a training step reads and writes. */
type State = Moments<Parameters> & { norms: Norm[] };

/** A hidden layer without its product: y <- the features, and number i of the layers. */
type Activate = (y: NumArray, layer: Layer, i: number) => NumArray;

/** An array of a shape, or a vector. */
export const arrayOf = (
  { numpy }: Jax,
  values: Float32Array,
  shape: readonly number[] = [values.length],
): NumArray => numpy.array(values as Float32Array<ArrayBuffer>, { shape: [...shape] });

export async function jaxLifter(jax: Jax, weights: Weights, batch: number): Promise<Lifter> {
  const { jit, tree } = jax;
  const parameters = parametersOf(jax, weights);
  const norms = normsOf(jax, weights);
  const run = jit((parameters: Parameters, norms: Norm[], poses: NumArray) =>
    network(jax, parameters, poses, (y, layer, i) => normalise(jax, y, norms[i]!, layer)),
  );
  return {
    run: async (poses) => {
      const x = arrayOf(jax, poses, [batch, INPUTS]);
      return (await run(tree.ref(parameters), tree.ref(norms), x).data()) as Float32Array;
    },
    close() {
      run.dispose();
      tree.dispose(parameters);
      tree.dispose(norms);
    },
  };
}

export async function jaxTrainer(jax: Jax, weights: Weights, training: Training): Promise<Trainer> {
  const { jit, numpy: np, tree } = jax;
  const { batch } = training;
  const step = jit(trainingStep(jax, training));
  const parameters = parametersOf(jax, weights);
  const zeros = () =>
    tree.map((p: NumArray) => np.zeros(p.shape), parameters) as unknown as Parameters;
  let state: State = {
    parameters,
    m: zeros(),
    v: zeros(),
    norms: normsOf(jax, weights),
  };
  let last: NumArray | undefined;
  let count = 0;
  return {
    step(poses, targets) {
      count++;
      const made = step(
        state,
        np.array([count], { dtype: np.uint32 }),
        np.array(corrections(training, count)),
        arrayOf(jax, poses, [batch, INPUTS]),
        arrayOf(jax, targets, [batch, OUTPUTS]),
      );
      state = made.state;
      last?.dispose();
      last = made.loss;
    },
    async loss() {
      if (!last) throw new Error('jax-js: there is no loss before the first step.');
      return (await last.ref.data())[0]!;
    },
    close() {
      step.dispose();
      last?.dispose();
      tree.dispose(state);
    },
  };
}

/** Mean squared error of a batch, its gradient, and AdamW. */
function trainingStep(jax: Jax, training: Training) {
  const { numpy: np, random, tree, valueAndGrad } = jax;
  const { dropout, momentum } = training;

  const loss = (parameters: Parameters, seed: NumArray, poses: NumArray, targets: NumArray) => {
    const batches: Norm[] = [];
    const keys = dropout ? random.split(random.key(seed.reshape([])), 5) : undefined;
    if (!keys) seed.dispose();
    const y = network(jax, parameters, poses, (y, layer, i) => {
      const mean = np.mean(y.ref, 0);
      const variance = np.var_(y.ref, 0);
      batches.push({ mean: mean.ref, variance: variance.ref });
      const active = normalise(jax, y, { mean, variance }, layer);
      if (!keys) return active;
      const keep = random.bernoulli(keys.ref.slice(i), 1 - dropout, active.shape);
      return np.where(keep, active.mul(1 / (1 - dropout)), 0);
    });
    keys?.dispose();
    return [np.mean(np.square(y.sub(targets))), batches] as [NumArray, Norm[]];
  };
  const gradient = valueAndGrad(loss, { hasAux: true });

  return (
    state: State,
    seed: NumArray,
    corrections: NumArray,
    poses: NumArray,
    targets: NumArray,
  ) => {
    const { parameters, m, v, norms } = state;
    const [[value, batches], gradients] = gradient(tree.ref(parameters), seed, poses, targets);
    const moments = adamW(jax, training, { parameters, m, v, gradients }, corrections, isMatrix);
    const follow = (running: NumArray, batch: NumArray) =>
      running.mul(1 - momentum).add(batch.mul(momentum));
    const next: State = {
      ...moments,
      norms: norms.map(({ mean, variance }, i) => ({
        mean: follow(mean, batches[i]!.mean),
        variance: follow(variance, batches[i]!.variance),
      })),
    };
    return { loss: value, state: next };
  };
}

const isMatrix = (p: NumArray) => p.ndim > 1;

/** The poses [batch, OUTPUTS]; uses up its arguments. */
function network(
  { numpy: np }: Jax,
  { hidden, w, bias }: Parameters,
  poses: NumArray,
  activate: Activate,
): NumArray {
  const layer = (x: NumArray, i: number) => activate(np.matmul(x, hidden[i]!.w), hidden[i]!, i);
  let y = layer(poses, 0);
  for (let i = 1; i < hidden.length; i += 2) y = layer(layer(y.ref, i), i + 1).add(y);
  return np.matmul(y, w).add(bias);
}

/** relu(norm(y)); uses up its arguments, but for the product's weights. */
function normalise(
  { nn, numpy: np }: Jax,
  y: NumArray,
  { mean, variance }: Norm,
  { scale, shift }: Layer,
): NumArray {
  const deviation = np.sqrt(variance.add(NORM_EPSILON));
  return nn.relu(y.sub(mean).div(deviation).mul(scale).add(shift));
}

const layersOf = ({ first, blocks }: Weights): Hidden[] => [first, ...blocks.flat()];

function parametersOf(jax: Jax, weights: Weights): Parameters {
  const { width } = weights;
  return {
    hidden: layersOf(weights).map(({ inputs, weight, norm }) => ({
      w: arrayOf(jax, weight, [inputs, width]),
      scale: arrayOf(jax, norm.scale),
      shift: arrayOf(jax, norm.shift),
    })),
    w: arrayOf(jax, weights.weight, [width, OUTPUTS]),
    bias: arrayOf(jax, weights.bias),
  };
}

const normsOf = (jax: Jax, weights: Weights): Norm[] =>
  layersOf(weights).map(({ norm }) => ({
    mean: arrayOf(jax, norm.mean),
    variance: arrayOf(jax, norm.variance),
  }));
