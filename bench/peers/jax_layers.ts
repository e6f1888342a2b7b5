/** The blocks of the convolutional lifter in jax-js. What they are given is used up. */

import type { numpy } from '@jax-js/jax';
import { type ConvOptions, convolve } from './jax_conv.ts';
import { NORM_EPSILON } from './problem.ts';
import type { ViewJob } from './work.ts';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;
type Activate = (x: NumArray) => NumArray;

export interface JaxLayers {
  /** A parameter by its name, to use up. */
  p(name: string): NumArray;
  convNorm(name: string, x: NumArray, activate: Activate, options?: ConvOptions): NumArray;
  inverted(name: string, x: NumArray, stride?: 1 | 2): NumArray;
  dualPath(name: string, x: NumArray, stride: 1 | 2): NumArray;
  wasp(name: string, x: NumArray): NumArray;
  dense(name: string, x: NumArray): NumArray;
  /** The running statistics after this step, in their order. */
  statistics(): NumArray[];
}

/** Dilations of the waterfall on a map of 4 x 4. */
const DILATIONS = [2, 1, 1];

/** Layers over these arrays, which are in the order of the job; the running statistics are used up. */
export function jaxLayers(
  jax: Jax,
  job: ViewJob,
  parameters: NumArray[],
  running: NumArray[],
): JaxLayers {
  const { lax, nn, numpy: np } = jax;
  const { momentum } = job.training;
  const indices = new Map(job.parameters.map(({ name }, i) => [name, i]));
  const places = new Map(job.statistics.map(({ name }, i) => [name, i]));
  const after = [...running];
  const p = (name: string) => parameters[indices.get(name)!]!.ref;
  const perChannel = (v: NumArray) => np.reshape(v, [1, v.size, 1, 1]);
  const same: Activate = (x) => x;

  const follow = (name: string, batch: NumArray) => {
    const i = places.get(name)!;
    after[i] = after[i]!.mul(1 - momentum).add(batch.mul(momentum));
  };
  const norm = (name: string, x: NumArray) => {
    const mean = np.mean(x.ref, [0, 2, 3]);
    const variance = np.var_(x.ref, [0, 2, 3]);
    const count = x.size / x.shape[1]!;
    follow(`${name}.mean`, lax.stopGradient(mean.ref));
    follow(`${name}.variance`, lax.stopGradient(variance.ref).mul(count / (count - 1)));
    const factor = p(`${name}.scale`).div(np.sqrt(variance.add(NORM_EPSILON)));
    return x
      .sub(perChannel(mean))
      .mul(perChannel(factor))
      .add(perChannel(p(`${name}.shift`)));
  };
  const conv = (name: string, x: NumArray, options?: ConvOptions) =>
    convolve(jax, x, p(`${name}.weight`), options);
  const convNorm: JaxLayers['convNorm'] = (name, x, activate, options) =>
    activate(norm(`${name}.norm`, conv(name, x, options)));
  const dense: JaxLayers['dense'] = (name, x) =>
    np.matmul(x, p(`${name}.weight`)).add(p(`${name}.bias`));
  const gate = (name: string, x: NumArray) => {
    const units = nn.silu(dense(`${name}.squeeze`, np.mean(x.ref, [2, 3])));
    const shares = nn.sigmoid(dense(`${name}.excite`, units));
    return x.mul(np.reshape(shares, [...shares.shape, 1, 1]));
  };

  return {
    ...{ p, convNorm, dense },
    inverted(name, x, stride = 1) {
      const [, channels] = x.shape;
      let y = convNorm(`${name}.expand`, x.ref, nn.silu);
      y = convNorm(`${name}.depthwise`, y, nn.silu, { stride });
      y = convNorm(`${name}.project`, gate(`${name}.gate`, y), same);
      if (stride === 1 && channels === y.shape[1]) return y.add(x);
      x.dispose();
      return y;
    },
    dualPath(name, x, stride) {
      const begun = conv(`${name}.path`, nn.relu(norm(`${name}.path_norm`, x.ref)), { stride });
      let more = convNorm(`${name}.reduce`, nn.relu(norm(`${name}.input_norm`, x)), nn.relu);
      more = conv(`${name}.widen`, convNorm(`${name}.mix`, more, nn.relu, { stride }));
      // (residual, 2 increments) and (residual, increment)
      const increment = begun.shape[1]! - more.shape[1]!;
      const residual = more.shape[1]! - increment;
      const [left, dense] = np.split(begun, [residual], 1);
      const [right, appended] = np.split(more, [residual], 1);
      return np.concatenate([left!.add(right!), dense!, appended!], 1);
    },
    wasp(name, x) {
      const [, , h, w] = x.shape as [number, number, number, number];
      const pooled = convNorm(
        `${name}.pooled`,
        np.mean(x.ref, [2, 3], { keepdims: true }),
        nn.relu,
      );
      const stages = [convNorm(`${name}.first`, x, nn.relu)];
      DILATIONS.forEach((dilation, i) => {
        const fall = `${name}.fall${i + 1}`;
        stages.push(convNorm(fall, stages.at(-1)!.ref, nn.relu, { dilation }));
      });
      const shared = (t: NumArray) => conv(`${name}.shared`, t);
      const [n, c] = pooled.shape as [number, number];
      const whole = np.broadcastTo(pooled, [n, c, h, w]);
      const all = np.concatenate([...stages.map((t) => shared(shared(t))), whole], 1);
      return convNorm(`${name}.joined`, all, nn.relu);
    },
    statistics: () => after,
  };
}
