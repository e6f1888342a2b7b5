/** The programs that can be looked at: planned at once, compiled when they are to be timed. */

import {
  compile,
  type Gpu,
  type Lifter,
  liftStep,
  martinez,
  type Plan,
  planOf,
  releaseVariables,
  trainingStep,
} from 'kinegrad';
import { DEFAULTS, lifterConfig } from '../train/settings.ts';
import { type Times, timesOf } from './times.ts';

export interface Looked {
  readonly plan: Plan;
  /** What it is, in a sentence. */
  readonly words: string;
  /** Runs it, and says how long each dispatch takes. */
  time(): Promise<Times>;
}

/** The program that the page lifts one person by. */
export function liftProgram({ gpu, network, weights }: Lifter): Looked {
  const { step, inputs } = liftStep(network, 1);
  const { width, blocks } = weights.options as { width: number; blocks: number };
  return {
    plan: planOf(gpu, step, inputs),
    words: `What lifts a person in the other views: a residual network of width ${width} with ${blocks} blocks, run once for the person and once, in the same batch, for the mirror image.`,
    async time() {
      if (gpu.lost) await gpu.recover();
      const program = await compile(gpu, step, inputs);
      try {
        return await timesOf(program, { poses: numbers(inputs.poses) });
      } finally {
        program.dispose();
      }
    },
  };
}

/** The step of a training of this width and batch: forward, backward and update. */
export function trainingProgram(gpu: Gpu, width: number, batch: number): Looked {
  const config = lifterConfig({ ...DEFAULTS.martinez, width, batch });
  const network = martinez({ width, blocks: config.blocks, dropout: config.dropout });
  const { step, inputs } = trainingStep(network, config);
  const plan = planOf(gpu, step, inputs);
  return {
    plan,
    words: `One step of a training of width ${width} with batches of ${batch}: forward, the gradients, and AdamW’s update, in one submit.`,
    async time() {
      if (gpu.lost) await gpu.recover();
      const program = await compile(gpu, step, inputs);
      try {
        return await timesOf(program, {
          poses: numbers(inputs.poses),
          targets: numbers(inputs.targets),
        });
      } finally {
        program.dispose();
        for (const set of plan.sets) await releaseVariables(gpu, set);
      }
    },
  };
}

/** Any numbers of this shape: what takes the time does not depend on them. */
const numbers = ([rows, columns]: readonly [number, number]): Float32Array =>
  Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
