/** What a network makes of people, as numbers. */

import type { Gpu } from '../../gpu/gpu.ts';
import { evaluate } from '../../graph/program.ts';
import { releaseVariables, writeVariables } from '../../graph/store.ts';
import type { Tensor } from '../../graph/trace.ts';
import { pictureReader } from '../../lift/view_lifter.ts';
import { compileViews } from '../../lift/view_program.ts';
import type { TwoStageNetwork } from '../../models/two_stage.ts';
import { attentionMaps, type VitNetwork } from '../../models/vit.ts';
import { valuesOf, type Weights } from '../../models/weights.ts';
import { type ViewNetwork, viewNetworkOf } from '../networks.ts';
import type { People } from './people.ts';

/** A tensor of one person, the first axis left out. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The network of some weights, with these on the device. */
export interface LoadedNetwork extends ViewNetwork {
  release(): Promise<void>;
}

export async function loadNetwork(gpu: Gpu, weights: Weights): Promise<LoadedNetwork> {
  const loaded = viewNetworkOf(weights);
  const sets = valuesOf(loaded.network, weights);
  for (const [set, values] of sets) await writeVariables(gpu, set, values);
  return {
    ...loaded,
    async release() {
      for (const [set] of sets) await releaseVariables(gpu, set);
    },
  };
}

/** Poses [count, 17, 3] as the network gives them, in each view's frame. */
export async function liftPeople(
  gpu: Gpu,
  { network }: LoadedNetwork,
  { views, size, count }: People,
  seen: { readonly depth: boolean },
): Promise<Float32Array> {
  const program = await compileViews(gpu, network, pictureReader(size), count);
  try {
    return (await program.lift(views, seen)).slice();
  } finally {
    program.dispose();
  }
}

/** Of outputs that are stages. */
const AFTER = 'after ';

/** What a network reads of one person, and its feature maps stage by stage. */
export interface PersonInsides {
  /** [S, S, 4] and [s, s, 17]. */
  readonly picture: Numbers;
  readonly maps: Numbers;
  /** [h, w, c] each. */
  readonly stages: readonly (Numbers & { readonly name: string })[];
}

export async function insidesOf(
  gpu: Gpu,
  { network }: LoadedNetwork,
  person: People,
): Promise<PersonInsides> {
  const read = await numbersOf(gpu, person, (views) => {
    const { picture, maps, stages } = network.inside(views);
    const after = Object.entries(stages).map(([name, t]) => [`${AFTER}${name}`, t] as const);
    return { picture, maps, ...Object.fromEntries(after) };
  });
  const { picture, maps, ...after } = read;
  const stages = Object.entries(after).map(([name, numbers]) => ({
    name: name.slice(AFTER.length),
    ...numbers,
  }));
  return { picture: picture!, maps: maps!, stages };
}

/** How tokens look at those of the other kind, the mean over heads: [tokens, tokens] both. */
export interface Attention {
  readonly image: Numbers;
  readonly maps: Numbers;
}

/** Of each fusion block in order; none where the network is no transformer. */
export async function attentionOf(
  gpu: Gpu,
  { network }: LoadedNetwork,
  person: People,
): Promise<Attention[]> {
  if (!isVit(network)) return [];
  const blocks: Attention[] = [];
  for (let block = 1; block <= network.fusion.length; block++) {
    const { image, maps } = await numbersOf(gpu, person, (views) => ({
      ...attentionMaps(network, views, { block }),
    }));
    blocks.push({ image: meanOfFirst(image!), maps: meanOfFirst(maps!) });
  }
  return blocks;
}

const isVit = (network: TwoStageNetwork): network is VitNetwork => 'fusion' in network;

/** The mean over the first axis. */
function meanOfFirst({ shape: [count, ...shape], values }: Numbers): Numbers {
  const size = values.length / count!;
  const mean = new Float32Array(size);
  values.forEach((value, i) => {
    mean[i % size]! += value / count!;
  });
  return { shape, values: mean };
}

/** Tensors [1, ...] of a program over the views of one person, by name. */
async function numbersOf(
  gpu: Gpu,
  { views, size }: People,
  make: (views: Parameters<TwoStageNetwork['inside']>[0]) => Readonly<Record<string, Tensor>>,
): Promise<Record<string, Numbers>> {
  const reader = pictureReader(size);
  const shapes = new Map<string, readonly number[]>();
  const inputs = Object.entries(reader.inputs(1)).map(
    ([name, shape]) => [name, { shape, values: views[name as keyof typeof views] }] as const,
  );
  const read = await evaluate(
    gpu,
    (traced): Readonly<Record<string, Tensor>> => {
      const made = make(reader.views(traced, { colours: true }));
      for (const [name, { shape }] of Object.entries(made)) shapes.set(name, shape.slice(1));
      return made;
    },
    Object.fromEntries(inputs),
  );
  const named = [...shapes].map(([name, shape]) => [name, { shape, values: read[name]! }] as const);
  return Object.fromEntries(named);
}
