/** Networks over views, with views drawn at random. */

import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import type { TwoStageNetwork, ViewInputs } from '../../src/models/two_stage.ts';
import { independentLoss } from '../../src/train/losses.ts';
import { normals } from './martinez.ts';
import type { Model, ModelOptions } from './model.ts';

export interface ViewsOptions extends ModelOptions {
  readonly batch: number;
  readonly size: number;
}

/** Views of noise, and their shapes. */
export function drawViews(batch: number, size: number) {
  const shapes = {
    image: [batch, size, size, 3],
    depth: [batch, size, size, 1],
    joints: [batch, 17, 2],
    view: [batch, 1],
  } as const;
  const pixels = batch * size * size;
  const data = {
    image: normals(3 * pixels, 0).map((v) => 0.5 + 0.2 * v),
    depth: normals(pixels, 1).map((v) => 4 + 0.5 * v),
    joints: normals(34 * batch, 2).map((v) => size * (0.5 + 0.15 * v)),
    view: normals(batch, 3).map((v) => -1 + 0.1 * v),
  };
  return { shapes, data };
}

/** Poses [batch, 17, 3] to learn, metres. */
export const drawPoses = (batch: number): Float32Array =>
  normals(51 * batch, 4).map((v) => 0.3 * v);

export interface ViewsDefaults {
  readonly batch: number;
  /** Pixels along each side of a view, which may follow from other options. */
  readonly size: number | ((options: ModelOptions) => number);
}

/** Steps of a network over views; `build` gets the options of a run. */
export function viewsModel(
  defaults: ViewsDefaults,
  build: (options: ViewsOptions) => { network: TwoStageNetwork; words: string },
): Model {
  const prepare = ({ batch = defaults.batch, size: wanted, ...more }: ModelOptions) => {
    const usual = typeof defaults.size === 'number' ? defaults.size : defaults.size(more);
    const size = wanted ?? usual;
    const { network, words } = build({ ...more, batch, size });
    const sizes = `batch ${batch}, ${size} x ${size}, ${words}`;
    return { network, ...drawViews(batch, size), sizes, batch };
  };
  return {
    async train(gpu, options) {
      const { network, shapes, data, sizes, batch } = prepare(options);
      const program = await compile(
        gpu,
        ({ target, ...views }) => {
          const poses = network(views as unknown as ViewInputs, { training: true });
          const loss = independentLoss(poses, target!);
          return { loss, ...adamW(loss, network.parameters, { rate: 1e-3, decay: 1e-2 }) };
        },
        { ...shapes, target: [batch, 17, 3] },
        { recompute: options.recompute },
      );
      return { program, batch: { ...data, target: drawPoses(batch) }, read: [], sizes };
    },
    async infer(gpu, options) {
      const { network, shapes, data, sizes } = prepare(options);
      const program = await compile(
        gpu,
        (views) => ({ poses: network(views as unknown as ViewInputs) }),
        shapes,
      );
      return { program, batch: data, read: ['poses'], sizes };
    },
  };
}
