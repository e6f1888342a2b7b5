/** The lifter of Martinez et al. 2017 with poses drawn at random. */

import { randomAt } from '../../src/data/random.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { compile } from '../../src/graph/program.ts';
import { martinez as network } from '../../src/models/martinez.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from '../../src/models/representation.ts';
import { mse } from '../../src/train/losses.ts';
import type { Model, ModelOptions } from './model.ts';

const withDefaults = ({ batch = 64, width = 1024 }: ModelOptions) => ({ batch, width });
const sizesOf = (batch: number, width: number) =>
  `batch ${batch}, width ${width}, 2 residual blocks, ${INPUT_SIZE} numbers to ${OUTPUT_SIZE}`;

/** Standard normal numbers. */
export function normals(size: number, key: number): Float32Array {
  const random = randomAt(1, key);
  return Float32Array.from({ length: size }, () => random.normal());
}

export const martinez: Model = {
  async train(gpu, options) {
    const { batch, width } = withDefaults(options);
    const model = network({ width });
    const program = await compile(
      gpu,
      ({ poses, targets }) => {
        const loss = mse(model(poses!, { training: true }), targets!);
        return { loss, ...adamW(loss, model.parameters, { rate: 1e-3, decay: 1e-4 }) };
      },
      { poses: [batch, INPUT_SIZE], targets: [batch, OUTPUT_SIZE] },
      { recompute: options.recompute },
    );
    const data = {
      poses: normals(batch * INPUT_SIZE, 0),
      targets: normals(batch * OUTPUT_SIZE, 1),
    };
    return { program, batch: data, read: [], sizes: sizesOf(batch, width) };
  },

  async infer(gpu, options) {
    const { batch, width } = withDefaults(options);
    const model = network({ width });
    const program = await compile(gpu, ({ poses }) => ({ lifted: model(poses!) }), {
      poses: [batch, INPUT_SIZE],
    });
    const data = { poses: normals(batch * INPUT_SIZE, 0) };
    return { program, batch: data, read: ['lifted'], sizes: sizesOf(batch, width) };
  },
};
