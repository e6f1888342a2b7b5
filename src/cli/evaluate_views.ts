/**
 * `kinegrad eval` of people with pictures: rendered ones that no lifter has seen, or those of
 * shards.
 */

import { basename } from 'node:path';
import { type SplitName as HumanSplit, splitNamed } from '../data/human36m/joints.ts';
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
import { type Guess, PEOPLE_AT_ONCE, type ViewErrors, viewErrors } from '../train/view_errors.ts';
import { outOfViews } from '../train/view_training.ts';
import { type ViewNetwork, viewNetworkOf } from './networks.ts';
import { parsed, whole } from './parsed.ts';
import { modelPath } from './run_folder.ts';
import { measuredViews } from './shard_data.ts';

export interface ViewFlags {
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
/** Rendered people that are measured at most. */
const MOST = 1e6;
/** Pixels of views of which nobody looks at the picture. */
const UNSEEN = 64;

/** Draws the people, lifts them and compares. */
export async function evaluateRendered(flags: ViewFlags): Promise<ViewErrors> {
  const { model, count = 2000, seed = 1, split = 'test', depthError = false } = flags;
  if (split !== 'test' && split !== 'validation')
    throw new Error(`--split of rendered people is test or validation, got ${split}`);
  const people = (size: number, of: SplitName = split) =>
    renderedViews({ seed, split: of, size, count, depthError });
  whole('count', count, 1, MOST);
  if (model !== 'mean' && model !== 'linear') return evaluateViews(flags, people, count);
  refuseNoDepth(model, flags.depth);
  const learn = model === 'mean' ? meanPose : linearLifter;
  const lift = await learned(people(UNSEEN, 'train'), learn);
  return viewErrors(people(UNSEEN), count, async ({ rays }) => relative(lift(rays)));
}

/** Lifts people of shards and compares; of Human3.6M the test subjects of the split. */
export async function evaluateShards(
  flags: ViewFlags & { readonly data: string },
): Promise<ViewErrors> {
  const { model, data, split = 'standard', count, seed, depthError } = flags;
  splitNamed(split);
  if (model === 'mean' || model === 'linear')
    throw new Error(
      `the ${model} lifter is for rendered people: give --data rendered, or a --model`,
    );
  if (seed !== undefined || depthError)
    throw new Error('--seed and --depth-error are for rendered people; leave them out for shards');
  const measured = await measuredViews(data, split as HumanSplit);
  if (count !== undefined) whole('count', count, 1, measured.count);
  return evaluateViews(flags, measured.views, count ?? measured.count, (weights) => {
    const doubt = learnedFrom(weights, { data, split, told: measured.told });
    if (doubt) console.error(`Warning: ${doubt}`);
  });
}

/** Why people may be among those whom a network has learned from, in a sentence. */
function learnedFrom(
  { training }: Weights,
  { data, split, told }: { data: string; split: string; told: boolean },
): string | undefined {
  const config = training?.config as { data?: unknown; split?: unknown } | undefined;
  if (config?.data !== basename(data)) return undefined;
  if (!told)
    return `the network learned from shards called ${config.data}, and these tell no subjects: it may know these people. Prepare others to measure on`;
  return config.split === split
    ? undefined
    : `the network learned from the split ${config.split} of ${config.data}: subjects that ${split} tests on may be among those. Give --split ${config.split}`;
}

/** Lifts people by the network of a run, or by one that looks at joints alone. */
async function evaluateViews(
  { model, adapter, depth }: ViewFlags,
  people: (size: number) => ViewSource,
  count: number,
  onWeights: (weights: Weights) => void = () => {},
): Promise<ViewErrors> {
  const weights = await parsed(modelPath(model), readWeights);
  onWeights(weights);
  const gpu = await openGpu({ adapter });
  try {
    if (weights.architecture === martinez.architecture) {
      refuseNoDepth(weights.architecture, depth);
      const lifter = await loadLifter(martinez, weights, { gpu });
      const guess = async ({ rays }: ViewBatch) => relative(await lifter.liftRays(rays));
      return await viewErrors(people(UNSEEN), count, guess);
    }
    const loaded = viewNetworkOf(weights);
    const source = people(loaded.size);
    for (const [set, values] of valuesOf(loaded.network, weights))
      await writeVariables(gpu, set, values);
    return await viewErrors(source, count, await viewLifter(gpu, loaded, source, depth));
  } finally {
    gpu.close();
  }
}

/** What looks at joints alone has no depth to lose. */
function refuseNoDepth(lifter: string, depth = true): void {
  if (!depth)
    throw new Error(
      `--no-depth is for two-stage lifters; ${lifter} looks at joints alone. Leave it out`,
    );
}

const relative = (poses: Float32Array): Guess => ({ poses, absolute: false });

async function learned(
  source: ViewSource,
  learn: (rays: ArrayLike<number>, poses: ArrayLike<number>) => RayLifter,
): Promise<RayLifter> {
  const batch = await source.draw(Array.from({ length: LEARNED }, (_, i) => i));
  return learn(batch.rays, outOfViews(batch, batch.poses));
}

async function viewLifter(
  gpu: Gpu,
  { network, absolute }: ViewNetwork,
  source: ViewSource,
  depth = true,
) {
  const program = await compileViews(gpu, network, source, PEOPLE_AT_ONCE);
  return async (batch: ViewBatch): Promise<Guess> => ({
    poses: outOfViews(batch, await program.lift(batch.inputs, { depth })),
    absolute,
  });
}
