/** The convolutional lifter learns, fused or not, and what is dropped is dropped for whole samples. */

import { afterAll, describe, expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import { f16 } from '../../src/graph/halves.ts';
import { slice } from '../../src/graph/ops/layout.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { type CompileOptions, compile, evaluate } from '../../src/graph/program.ts';
import { type CnnOptions, cnn } from '../../src/models/cnn.ts';
import type { ViewInputs } from '../../src/models/two_stage.ts';
import { viewFeatures } from '../../src/models/view_features.ts';
import { independentLoss } from '../../src/train/losses.ts';
import { assertClose } from '../check.ts';
import { normal } from '../reference.ts';
import { SMALL, shapesOf, viewsOf } from './views.ts';

const gpu = await openGpu({ poison: true });
afterAll(() => gpu.close());

describe('training', () => {
  const train = async (
    options: CnnOptions,
    { steps = 2, ...compiled }: CompileOptions & { steps?: number } = {},
  ) => {
    const batch = 4;
    const network = cnn({ ...SMALL, ...options });
    const program = await compile(
      gpu,
      ({ target, ...views }) => {
        const poses = network(views as unknown as ViewInputs, { training: true });
        const loss = independentLoss(poses, target);
        return { loss, ...adamW(loss, network.parameters, { rate: 1e-3 }) };
      },
      { ...shapesOf(batch, 64), target: [batch, 17, 3] },
      compiled,
    );
    const random = normal('targets');
    const target = Float32Array.from({ length: 51 * batch }, () => 0.3 * random());
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const batchOf = { ...viewsOf(batch, 64), target };
      losses.push((await program.run(batchOf, { read: ['loss'] })).loss[0]!);
    }
    program.dispose();
    return losses;
  };

  test('fused or not; what is dropped is drawn alike', async () => {
    const options = { imageDropout: 0.5, depthDropout: 0.5, dropout: 0.3 };
    assertClose(await train(options), await train(options, { fuse: false }), 1e-3);
  });

  test('with results stored in halves', async () => {
    assertClose(await train({ dropout: 0 }, { storage: f16 }), await train({ dropout: 0 }), 2e-2);
  });

  test('learns a batch by heart', async () => {
    const losses = await train({ dropout: 0, imageDropout: 0, depthDropout: 0 }, { steps: 40 });
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 3);
  });

  test('pictures and depth are dropped for whole samples', async () => {
    const size = 64;
    const batch = 64;
    const { picture } = await evaluate(
      gpu,
      (inputs) => {
        const dropped = { training: true, imageDropout: 0.5, depthDropout: 0.25 };
        const { picture } = viewFeatures(inputs as unknown as ViewInputs, dropped);
        return { picture: slice(picture, [0, 0, 0, 0], [batch, size, size, 4]) };
      },
      Object.fromEntries(
        Object.entries(viewsOf(batch, size)).map(([name, values]) => [
          name,
          { shape: shapesOf(batch, size)[name as keyof ViewInputs], values },
        ]),
      ),
    );
    const pixels = size * size;
    const share = (channel: number) => {
      const empty = Array.from({ length: batch }, (_, n) =>
        Array.from({ length: pixels }, (_, i) => picture[4 * (n * pixels + i) + channel]!),
      ).map((values) => values.filter((v) => v === 0).length / pixels);
      // A sample has all of it, but for depth that is unknown, or nothing.
      for (const part of empty) expect(part === 1 || part < 0.3).toBe(true);
      return empty.filter((part) => part === 1).length / batch;
    };
    expect([0, 1, 2].map(share)).toEqual(Array(3).fill(share(0)));
    expect(share(0)).toBeGreaterThan(0.3);
    expect(share(0)).toBeLessThan(0.7);
    expect(share(3)).toBeGreaterThan(0.1);
    expect(share(3)).toBeLessThan(0.45);
  });
});
