/** What there is to tune: every choice that the programs of the shipped models make, or the bench. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { adamW } from '../../src/graph/ops/optimiser.ts';
import { planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { choiceOf } from '../../src/kernels/tuning.ts';
import { walkTunable } from '../../src/kernels/walk.ts';
import { liftVariants } from '../../src/lift/lifter.ts';
import { martinez } from '../../src/models/martinez.ts';
import { INPUT_SIZE, OUTPUT_SIZE } from '../../src/models/representation.ts';
import { mse } from '../../src/train/losses.ts';
import { loadFamilies, matches } from '../families.ts';
import { specsOf } from '../measure/variants.ts';
import { textOf } from '../select.ts';

/** Width of the lifter whose weights are shipped. */
const SHIPPED_WIDTH = 768;

/** Ts of a line on which each walk takes as long as its dispatch. */
const SHORT_LINE = 4096;

/** The choices by family and shape, each once; nothing is compiled for them. */
export function shippedChoices(gpu: Gpu): string[] {
  const network = martinez({ width: 1024 });
  const train = ({ poses, targets }: Record<'poses' | 'targets', Tensor>) => {
    const loss = mse(network(poses, { training: true }), targets);
    return { loss, ...adamW(loss, network.parameters, { rate: 1e-3, decay: 1e-4, clip: 1 }) };
  };
  const lift = ({ poses }: { poses: Tensor }) => ({ lifted: network(poses) });
  const plans = [
    planOf(gpu, train, { poses: [64, INPUT_SIZE], targets: [64, OUTPUT_SIZE] }),
    ...[1, 64, 1024].map((batch) => planOf(gpu, lift, { poses: [batch, INPUT_SIZE] })),
  ];
  const variants = [
    ...plans.map((plan) => plan.variants),
    liftVariants(gpu, martinez({ width: SHIPPED_WIDTH, dropout: 0 })),
  ];
  return distinct(variants.flatMap((chosen) => Object.keys(chosen)));
}

/** Those of the bench's cases whose family, name and pass have all words of a filter. */
export async function benchChoices(gpu: Gpu, filter: string): Promise<string[]> {
  const choices = (await loadFamilies()).flatMap((family) =>
    family.shapes
      .flatMap((shape) => family.cases(shape))
      .filter((what) => matches(filter, textOf(family, what)))
      .flatMap((what) => {
        const problem = what.make();
        return Object.keys(planOf(gpu, problem.build, specsOf(problem)).variants);
      }),
  );
  if (choices.length === 0)
    throw new Error(`--tune --filter ${filter}: no case of the bench with this name has variants`);
  return distinct(choices);
}

const distinct = (choices: readonly string[]) =>
  [...new Set(choices)].filter((key) => {
    const { family, shape } = choiceOf(key);
    return family !== walkTunable.family || shape[0]! >= SHORT_LINE;
  });
