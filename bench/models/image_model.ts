/** Programs of the steps of a block over images [n, h, w, c]. */

import { checkpoint } from '../../src/graph/checkpoint.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import type { ImageLayer } from '../../src/models/blocks/conv_norm.ts';
import { type ModelVariables, modelVariables } from '../../src/models/layers.ts';
import { mse } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

/** What a block is: its layer by width, and what it is given. */
export interface ImageBlock {
  readonly name: string;
  readonly defaults: { readonly batch: number; readonly width: number };
  /** Pixels along each side of what it is given, which has as many channels as the width. */
  readonly side: number;
  readonly build: (model: ModelVariables, width: number) => ImageLayer;
  /** The block, for people. */
  readonly words: (width: number) => string;
}

/** Steps of a block that gives as many channels and pixels as it is given. */
export function imageModel({ name, defaults, side, build, words }: ImageBlock): Model {
  const prepare = ({ batch = defaults.batch, width = defaults.width }: ModelOptions) => {
    const shape = [batch, side, side, width] as const;
    const sizes = `batch ${batch}, ${side} x ${side} x ${width}, ${words(width)}`;
    const model = modelVariables(name);
    const layer = build(model, width);
    return { layer, model, shape, size: batch * side * side * width, sizes };
  };
  return {
    async train(gpu, options) {
      const { layer, model, shape, size, sizes } = prepare(options);
      const program = await compile(
        gpu,
        ({ x, target }) => {
          const loss = mse(checkpoint(layer)(x!, { training: true }), target!);
          return { loss, ...adamW(loss, model.parameters, { rate: 1e-3, decay: 1e-2 }) };
        },
        { x: shape, target: shape },
        { recompute: options.recompute },
      );
      return { program, batch: { x: normals(size, 0), target: normals(size, 1) }, read: [], sizes };
    },
    async infer(gpu, options) {
      const { layer, shape, size, sizes } = prepare(options);
      const program = await compile(gpu, ({ x }) => ({ y: layer(x!, {}) }), { x: shape });
      return { program, batch: { x: normals(size, 0) }, read: ['y'], sizes };
    },
  };
}
