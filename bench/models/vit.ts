/**
 * The transformer lifter of Calda et al.: the smaller of its family by default, on views of 128
 * pixels in patches of 16, heatmaps of 64 in patches of 8; `--width 768` is the full size, on views of
 * 384 pixels.
 */

import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { vit as network, type VitOptions } from '../../src/models/vit.ts';
import { independentLoss } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

/** From this width on the sizes are the paper's. */
const FULL = 768;
const HEAD = 32;

function withDefaults({ batch = 4, width = 192, size = width < FULL ? 128 : 384 }: ModelOptions) {
  const small: VitOptions = {
    size,
    width,
    depth: 4,
    heads: width / HEAD,
    mapPatch: 8,
    fusion: 1,
    encoder: 2,
    encoderHeads: width / HEAD,
  };
  const options: VitOptions = width < FULL ? small : { width, size };
  const { depth = 12, fusion = 2, encoder = 4 } = options;
  const sizes = `batch ${batch}, views of ${size} pixels, width ${width}, ${depth} blocks, ${fusion} of fusion, ${encoder} of both`;
  const shapes = {
    image: [batch, size, size, 3],
    depth: [batch, size, size, 1],
    joints: [batch, 17, 2],
    view: [batch, 1],
  } as const;
  /** Pictures of noise; people 3 m away. */
  const uniform = (count: number, key: number, middle: number, spread: number) =>
    normals(count, key).map((v) => middle + spread * Math.tanh(v));
  const views = {
    image: uniform(batch * size * size * 3, 0, 0.5, 0.5),
    depth: uniform(batch * size * size, 1, 3, 0.5),
    joints: uniform(batch * 34, 2, size / 2, size / 2),
    view: uniform(batch, 3, -1, 0.1),
  };
  const target = normals(batch * 51, 4).map((v) => 0.3 * v);
  return { options, shapes, views, target, targets: [batch, 17, 3] as const, sizes };
}

export const vit: Model = {
  async train(gpu, options) {
    const { shapes, views, target, targets, sizes, options: own } = withDefaults(options);
    const model = network(own);
    const program = await compile(
      gpu,
      ({ target, ...inputs }) => {
        const loss = independentLoss(model(inputs, { training: true }), target);
        return { loss, ...adamW(loss, model.parameters, { rate: 1e-3, decay: 1e-2, clip: 1 }) };
      },
      { ...shapes, target: targets },
    );
    return { program: program as never, batch: { ...views, target }, read: [], sizes };
  },

  async infer(gpu, options) {
    const { shapes, views, sizes, options: own } = withDefaults(options);
    const model = network(own);
    const program = await compile(gpu, (inputs) => ({ poses: model(inputs) }), shapes);
    return { program: program as never, batch: views, read: ['poses'], sizes };
  },
};
