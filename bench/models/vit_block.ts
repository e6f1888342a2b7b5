/**
 * One encoder block of a vision transformer (ViT-Base by default) on an image of 24 x 24 patches and
 * its class token: 577 tokens of 768 features, 12 heads of 64. The scores of all pairs of tokens are
 * never in memory.
 */

import { checkpoint } from '../../src/graph/checkpoint.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { encoderBlock } from '../../src/models/blocks/transformer.ts';
import { modelVariables } from '../../src/models/layers.ts';
import { mse } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

const TOKENS = 24 * 24 + 1;
const HEAD = 64;

/** The block as a function of [batch, tokens, width], and its parameters. */
function block(width: number) {
  const variables = modelVariables('vit-block');
  const forward = encoderBlock(variables, 'block', { width, heads: width / HEAD });
  return { ...variables, forward };
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
        const loss = mse(checkpoint(forward)(x!), target!);
        return { loss, ...adamW(loss, parameters, { rate: 1e-4, decay: 1e-2 }) };
      },
      { x: shape, target: shape },
      { recompute: options.recompute },
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
