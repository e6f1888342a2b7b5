/**
 * The convolutional lifter in jax-js: a training step as one jitted function. Images are NCHW, and
 * convolutions [cout, cin / groups, kh, kw]; names and order of parameters are those of the package.
 */

import type { numpy } from '@jax-js/jax';
import type { ViewTrainer } from './engine.ts';
import { adamW, corrections, type Moments } from './jax_adamw.ts';
import { type JaxLayers, jaxLayers } from './jax_layers.ts';
import { arrayOf } from './jax_lifter.ts';
import { type JaxFeatures, type Views, viewFeatures } from './jax_views.ts';
import { CHANNELS_FIRST, joined, OUTPUTS_FIRST, permuted } from './layouts.ts';
import type { Values, ViewJob } from './work.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;
type State = Moments<NumArray[]> & { statistics: NumArray[] };

const JOINTS = 17;
/** Back from [cout, cin, kh, kw]. */
const INPUTS_FIRST = [2, 3, 1, 0];
/** Maps in which the branch of the joints looks, of those strides. */
const STRIDES = [8, 16];

export async function jaxViewTrainer(jax: Jax, job: ViewJob): Promise<ViewTrainer> {
  const { jit, numpy: np, tree, valueAndGrad } = jax;
  const { training } = job;
  const array = ({ shape, values }: Values) => arrayOf(jax, values, shape);
  const { joints, view } = job.views;
  // Turned beforehand: an application would have them so.
  const image = permuted(job.views.image, CHANNELS_FIRST);
  const depth = permuted(job.views.depth, CHANNELS_FIRST);
  const sides = STRIDES.map((stride) => job.size / stride);
  const features = jit((views: Views) => viewFeatures(jax, views, sides));
  const upload = () =>
    features({
      image: array(image),
      depth: array(depth),
      joints: array(joints),
      view: array(view),
    });
  const loss = (
    parameters: NumArray[],
    statistics: NumArray[],
    seen: JaxFeatures,
    target: NumArray,
  ): [NumArray, NumArray[]] => {
    const layers = jaxLayers(jax, job, parameters, statistics);
    const poses = network(jax, layers, seen);
    tree.dispose(parameters);
    return [independentLoss(jax, poses, target), layers.statistics()];
  };
  const gradient = valueAndGrad(loss, { hasAux: true });

  const step = jit((state: State, corrections: NumArray, seen: JaxFeatures, target: NumArray) => {
    const { parameters, m, v, statistics } = state;
    const [[value, running], gradients] = gradient(tree.ref(parameters), statistics, seen, target);
    const decays = (_: NumArray, i: number) => job.parameters[i]!.decays;
    const moments = adamW(jax, training, { parameters, m, v, gradients }, corrections, decays);
    return { loss: value, state: { ...moments, statistics: running } };
  });
  const parameters = job.parameters.map((each) =>
    array(each.shape.length === 4 ? permuted(each, OUTPUTS_FIRST) : each),
  );
  const zeros = () => parameters.map(({ shape }) => np.zeros(shape));
  let state: State = {
    ...{ parameters, m: zeros(), v: zeros() },
    statistics: job.statistics.map((each) => array(each)),
  };
  const take = (from: State, count: number) =>
    step(from, np.array(corrections(training, count)), upload(), array(job.target));
  let last: NumArray | undefined;
  let count = 0;
  return {
    step() {
      const made = take(state, ++count);
      state = made.state;
      last?.dispose();
      last = made.loss;
    },
    async loss() {
      if (!last) throw new Error('jax-js: there is no loss before the first step.');
      return (await last.ref.data())[0]!;
    },
    /** From the means of gradients after a first step, which are (1 - beta1) of them. */
    async gradients() {
      const made = take(tree.ref(state), 1);
      const { parameters, m, v, statistics } = made.state;
      tree.dispose([parameters, v, statistics]);
      const values = [(await made.loss.data()) as Float32Array];
      for (const mean of m) {
        const { shape } = mean;
        const own = ((await mean.data()) as Float32Array).map((x) => x / (1 - training.beta1));
        const isConv = shape.length === 4;
        values.push(isConv ? permuted({ shape, values: own }, INPUTS_FIRST).values : own);
      }
      return joined(values);
    },
    close() {
      features.dispose();
      step.dispose();
      last?.dispose();
      tree.dispose(state);
    },
  };
}

/** Poses [n, 17, 3] relative to their root, of views of 128 pixels, of which four remain. */
function network(
  jax: Jax,
  { convNorm, dense, dualPath, inverted, p, wasp }: JaxLayers,
  seen: JaxFeatures,
): NumArray {
  const { nn, numpy: np } = jax;
  const { silu } = nn;
  const { channels, points, ofJoints, lifted } = seen;
  const batch = channels.shape[0]!;
  let x = convNorm('stem1', channels, silu, { stride: 2 });
  x = convNorm('stem2', x, silu, { stride: 2 });
  for (let i = 1; i <= 3; i++) x = inverted(`stage0.block${i}`, x, i === 1 ? 2 : 1);
  const around = [aroundJoints(jax, x.ref, seen.around[0]!)];
  for (let i = 1; i <= 4; i++) x = inverted(`stage1.block${i}`, x, i === 1 ? 2 : 1);
  around.push(aroundJoints(jax, x.ref, seen.around[1]!));
  for (let i = 1; i <= 5; i++)
    x =
      i % 2 === 0
        ? inverted(`stage2.block${i}`, x)
        : dualPath(`stage2.block${i}`, x, i === 1 ? 2 : 1);
  x = convNorm('last', wasp('wasp', x), silu);

  const all = np.concatenate([...around, ofJoints], 2);
  const first = np.matmul(all, p('joints.dense1.weight')).add(p('joints.names'));
  const known = silu(dense('joints.dense2', silu(first)));
  const flat = (t: NumArray) => np.reshape(t, [batch, -1]);
  const features = flat(silu(dense('joints.features', known.ref)));
  const corrections = flat(dense('joints.corrections', known));

  // As the head reads fields: pixel by pixel.
  const pooled = flat(np.transpose(x, [0, 2, 3, 1]));
  const read = np.concatenate([pooled, points, features], 1);
  const whole = dense('head3', silu(dense('head2', silu(dense('head1', read)))));
  const numbers = np.reshape(whole.add(corrections), [batch, JOINTS, 3]);
  const others = np.array(Array.from({ length: JOINTS }, (_, i) => [i ? 1 : 0]));
  return numbers.mul(others).add(lifted);
}

/** Means of a map [n, c, h, w] by weights [n, 17, h * w]: [n, 17, c]. */
function aroundJoints({ numpy: np }: Jax, map: NumArray, weights: NumArray): NumArray {
  const [n, c] = map.shape as [number, number];
  return np.matmul(weights, np.transpose(np.reshape(map, [n, c, -1]), [0, 2, 1]));
}

/** IND-P: mean squared error, and the mean of | |yᵢ - yⱼ| - |tᵢ - tⱼ| | over pairs of joints. */
function independentLoss({ numpy: np }: Jax, y: NumArray, target: NumArray): NumArray {
  const pairs: number[][] = [];
  for (let i = 0; i < JOINTS; i++)
    for (let j = 0; j < i; j++)
      pairs.push(Array.from({ length: JOINTS }, (_, k) => Number(k === i) - Number(k === j)));
  const differences = np.array(pairs);
  const distances = (t: NumArray) => np.sqrt(np.sum(np.square(np.matmul(differences.ref, t)), 2));
  const fromRoot = np.array(
    Array.from({ length: JOINTS }, (_, i) =>
      Array.from({ length: JOINTS }, (_, k) => Number(k === i) - Number(k === 0)),
    ),
  );
  const squared = np.mean(np.square(np.matmul(fromRoot, y.ref.sub(target.ref))));
  const apart = np.mean(np.abs(distances(y).sub(distances(target))));
  differences.dispose();
  return squared.add(apart);
}
