/** Who is looked at: rendered people that no network has learned from, or the person of a photo. */

import { SCENE_SPLITS } from '../../data/scene/scene.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { evaluate } from '../../graph/program.ts';
import type { Weights } from '../../models/weights.ts';
import { JOINT_COUNT, type PixelPose } from '../../pose/skeleton.ts';
import { viewNumber } from '../../pose/view.ts';
import { photoView } from '../../pose/view_picture.ts';
import { renderedViews } from '../../train/view_data.ts';
import { type PhotoFlags, readPhoto } from '../lift.ts';
import { whole } from '../parsed.ts';

/** What a network is shown of some people, and what it should say. */
export interface People {
  readonly count: number;
  /** Pixels of a side of a view. */
  readonly size: number;
  /** [count, ...] as `ViewInputs` tells. */
  readonly views: Readonly<Record<'image' | 'depth' | 'joints' | 'view', Float32Array>>;
  /** [count, 17, 3] metres in each view's frame, where it is known. */
  readonly truth?: Float32Array;
  readonly hasDepth: boolean;
  /** Of each. */
  readonly names: readonly string[];
}

export interface PeopleFlags extends Partial<PhotoFlags> {
  count: number;
  first: number;
  seed: number;
  split: string;
}

/** Those whom the options name. */
export async function peopleOf(
  gpu: Gpu,
  { image, joints, ...flags }: PeopleFlags,
  weights: Weights,
  size: number,
): Promise<People> {
  if (image === undefined && joints === undefined) return renderedPeople(gpu, flags, size);
  if (image === undefined || joints === undefined)
    throw new Error('a photo takes --image and --joints, both; without them people are rendered');
  const given = await readPhoto({ ...flags, image, joints }, weights);
  const { view, ...seen } = photoView(given.photo, given.joints, size);
  return {
    ...{ count: 1, size, hasDepth: given.photo.depth !== undefined, names: [image] },
    views: {
      ...{ image: seen.image, depth: seen.depth, joints: Float32Array.from(seen.joints) },
      view: Float32Array.of(viewNumber(view)),
    },
  };
}

/** Rendered people from number `first` of a split on. */
async function renderedPeople(
  gpu: Gpu,
  { count, first, seed, split: named }: PeopleFlags,
  size: number,
): Promise<People> {
  const split = SCENE_SPLITS.find((known) => known === named);
  if (!split) throw new Error(`--split ${named}: it must be one of ${SCENE_SPLITS.join(', ')}`);
  whole('count', count, 1, MOST);
  whole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  whole('first', first, 0, 2 ** 32 - count);
  const source = renderedViews({ seed, split, size, count, depthError: false });
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const { inputs, poses } = await source.draw(numbers);
  const shapes = source.inputs(count);
  const given = Object.entries(inputs).map(
    ([name, values]) => [name, { shape: shapes[name]!, values }] as const,
  );
  const { image, depth } = await evaluate(
    gpu,
    (traced) => {
      const { image, depth } = source.views(traced, { colours: true });
      return { image, depth };
    },
    Object.fromEntries(given),
  );
  return {
    ...{ count, size, hasDepth: true, truth: poses },
    views: { image, depth, joints: inputs.joints!, view: inputs.view! },
    names: numbers.map((number) => `${split} person ${number}`),
  };
}

/** People of one look: each takes a row of pictures. */
const MOST = 16;

/** One of the people alone. */
export function onlyOne({ views, size, count, ...about }: People, i: number): People {
  const part = (values: Float32Array) => {
    const each = values.length / count;
    return values.subarray(i * each, (i + 1) * each);
  };
  const { image, depth, joints, view } = views;
  return {
    ...{ count: 1, size, hasDepth: about.hasDepth, names: [about.names[i]!] },
    views: { image: part(image), depth: part(depth), joints: part(joints), view: part(view) },
    ...(about.truth && { truth: part(about.truth) }),
  };
}

/** The joints of one of them, pixels of the view. */
export const jointsOf = ({ views }: People, i: number): PixelPose =>
  Float64Array.from(
    views.joints.subarray(2 * JOINT_COUNT * i, 2 * JOINT_COUNT * (i + 1)),
  ) as PixelPose;
