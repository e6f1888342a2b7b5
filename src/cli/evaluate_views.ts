/** `kinegrad eval --data rendered`: the errors of any lifter on rendered people that it has not seen. */

import type { SplitName } from '../data/scene/scene.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { openGpu } from '../gpu/gpu.ts';
import { writeVariables } from '../graph/store.ts';
import { loadLifter } from '../lift/load.ts';
import { compileViews } from '../lift/view_program.ts';
import { martinez } from '../models/martinez.ts';
import { readWeights, valuesOf, type Weights } from '../models/weights.ts';
import type { AdapterKind } from '../platform/types.ts';
import { linearLifter, meanPose, type RayLifter } from '../train/baselines.ts';
import { renderedViews, type ViewBatch, type ViewSource } from '../train/view_data.ts';
import { type Guess, type ViewErrors, viewErrors } from '../train/view_errors.ts';
import { VIEW_NETWORKS } from '../train/view_step.ts';
import { outOfViews } from '../train/view_training.ts';
import { parsed } from './parsed.ts';
import { modelPath } from './run_folder.ts';

export interface RenderedFlags {
  /** The folder of a run, a weights file, or `mean` or `linear`. */
  model: string;
  count?: number;
  seed?: number;
  split?: string | undefined;
  /** False takes the depth away. */
  depth?: boolean;
  depthError?: boolean;
  adapter?: AdapterKind | undefined;
}

/** Rendered people that the baselines learn from. */
const LEARNED = 8000;
/** Pixels of views of which nobody looks at the picture. */
const UNSEEN = 64;

/** Draws the people, lifts them and compares. */
export async function evaluateRendered(flags: RenderedFlags): Promise<ViewErrors> {
  const { model, count = 2000, seed = 1, split = 'test', depthError = false } = flags;
  if (split !== 'test' && split !== 'validation')
    throw new Error(`--split of rendered people is test or validation, got ${split}`);
  const people = (size: number, of: SplitName = split) =>
    renderedViews({ seed, split: of, size, count, depthError });
  if (model === 'mean' || model === 'linear') {
    const learn = model === 'mean' ? meanPose : linearLifter;
    const lift = await learned(people(UNSEEN, 'train'), learn);
    return viewErrors(people(UNSEEN), count, async ({ rays }) => relative(lift(rays)));
  }
  const weights = await parsed(modelPath(model), readWeights);
  const gpu = await openGpu({ adapter: flags.adapter });
  try {
    if (weights.architecture === martinez.architecture) {
      const lifter = await loadLifter(martinez, weights, { gpu });
      const guess = async ({ rays }: ViewBatch) => relative(await lifter.liftRays(rays));
      return await viewErrors(people(UNSEEN), count, guess);
    }
    const source = people(sizeOf(weights));
    return await viewErrors(source, count, await viewLifter(gpu, weights, source, flags.depth));
  } finally {
    gpu.close();
  }
}

const relative = (poses: Float32Array): Guess => ({ poses, absolute: false });

async function learned(
  source: ViewSource,
  learn: (rays: ArrayLike<number>, poses: ArrayLike<number>) => RayLifter,
): Promise<RayLifter> {
  const batch = await source.draw(Array.from({ length: LEARNED }, (_, i) => i));
  return learn(batch.rays, outOfViews(batch, batch.poses));
}

/** Pixels of the views that a network was made for. */
export function sizeOf({ options, architecture }: Weights): number {
  if (architecture in VIEW_NETWORKS && typeof options.size === 'number') return options.size;
  throw new Error(
    `eval: a ${architecture} is none of the lifters martinez, ${Object.keys(VIEW_NETWORKS).join(', ')}. Give the weights of one`,
  );
}

/** People of a run. */
const AT_ONCE = 32;

async function viewLifter(gpu: Gpu, weights: Weights, source: ViewSource, depth = true) {
  const { architecture, options } = weights;
  const network = VIEW_NETWORKS[architecture as keyof typeof VIEW_NETWORKS](options);
  for (const [set, values] of valuesOf(network, weights)) await writeVariables(gpu, set, values);
  const program = await compileViews(gpu, network, source, AT_ONCE);
  return async (batch: ViewBatch): Promise<Guess> => ({
    poses: outOfViews(batch, await program.lift(batch.inputs, { depth })),
    absolute: options.root === 'absolute',
  });
}
