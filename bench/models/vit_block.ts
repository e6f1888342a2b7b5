/**
 * One encoder block of a vision transformer (Dosovitskiy et al. 2021, ViT-Base by default) on an
 * image of 24 x 24 patches and its class token: 577 tokens of 768 features, 12 heads of 64.
 *
 *   y = x + proj(attention(norm(x))),   z = y + shrink(gelu(expand(norm(y))))
 *
 * Heads are told apart by transposing; the scores of all pairs of tokens are never in memory.
 */

import { attention } from '../../src/graph/ops/attention.ts';
import { add, gelu } from '../../src/graph/ops/elementwise.ts';
import { layerNorm } from '../../src/graph/ops/layer_norm.ts';
import { reshape, slice, transpose } from '../../src/graph/ops/layout.ts';
import { linear } from '../../src/graph/ops/matmul.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { heNormal, ones, VariableSet, zeros } from '../../src/graph/variables.ts';
import { mse } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

const TOKENS = 24 * 24 + 1;
const HEAD = 64;
/** The feed-forward layer is this much wider. */
const EXPANSION = 4;

/** The block as a function of [batch, tokens, width], and its parameters. */
function block(width: number) {
  const parameters = new VariableSet('vit-block');
  const dense = (name: string, inputs: number, outputs: number) => {
    const w = parameters.add(`${name}.weight`, [inputs, outputs], heNormal(inputs), {
      decays: true,
    });
    const bias = parameters.add(`${name}.bias`, [outputs], zeros);
    return (x: Tensor) => linear(x, w, bias);
  };
  const norm = (name: string) => {
    const scale = parameters.add(`${name}.scale`, [width], ones);
    const shift = parameters.add(`${name}.shift`, [width], zeros);
    return (x: Tensor) => layerNorm(x, scale, shift);
  };
  const norm1 = norm('norm1');
  const qkv = dense('qkv', width, 3 * width);
  const proj = dense('proj', width, width);
  const norm2 = norm('norm2');
  const expand = dense('expand', width, EXPANSION * width);
  const shrink = dense('shrink', EXPANSION * width, width);
  const heads = width / HEAD;

  const attend = (x: Tensor): Tensor => {
    const [batch, tokens] = x.shape as [number, number];
    // [3, batch, heads, tokens, size]
    const apart = transpose(reshape(qkv(x), [batch, tokens, 3, heads, HEAD]), [2, 0, 3, 1, 4]);
    const part = [1, ...apart.shape.slice(1)];
    const [q, k, v] = [0, 1, 2].map((i) =>
      reshape(slice(apart, [i, 0, 0, 0, 0], part), [batch, heads, tokens, HEAD]),
    ) as [Tensor, Tensor, Tensor];
    const mixed = transpose(attention(q, k, v), [0, 2, 1, 3]);
    return proj(reshape(mixed, [batch, tokens, width]));
  };
  const forward = (x: Tensor): Tensor => {
    const y = add(attend(norm1(x)), x);
    return add(shrink(gelu(expand(norm2(y)))), y);
  };
  return { parameters, forward };
}

function withDefaults({ batch = 1, width = 768 }: ModelOptions) {
  if (width % HEAD !== 0)
    throw new Error(`vit-block: width ${width} must be a multiple of ${HEAD}, the size of a head`);
  const shape = [batch, TOKENS, width] as const;
  const sizes = `batch ${batch}, ${TOKENS} tokens of ${width}, ${width / HEAD} heads of ${HEAD}`;
  return { width, shape, size: batch * TOKENS * width, sizes };
}

export const vitBlock: Model = {
  async train(gpu, options) {
    const { width, shape, size, sizes } = withDefaults(options);
    const { parameters, forward } = block(width);
    const program = await compile(
      gpu,
      ({ x, target }) => {
        const loss = mse(forward(x!), target!);
        return { loss, ...adamW(loss, parameters, { rate: 1e-4, decay: 1e-2 }) };
      },
      { x: shape, target: shape },
    );
    return { program, batch: { x: normals(size, 0), target: normals(size, 1) }, read: [], sizes };
  },

  async infer(gpu, options) {
    const { width, shape, size, sizes } = withDefaults(options);
    const { forward } = block(width);
    const program = await compile(gpu, ({ x }) => ({ y: forward(x!) }), { x: shape });
    return { program, batch: { x: normals(size, 0) }, read: ['y'], sizes };
  },
};
