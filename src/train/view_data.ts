/**
 * Batches of views for two-stage lifters: people rendered within the step, or photos that were
 * prepared.
 */

import { permute } from '../data/permutation.ts';
import { randomAt } from '../data/random.ts';
import { SCENE_SIZE } from '../data/scene/layout.ts';
import { frameOfView, packScenes } from '../data/scene/pack.ts';
import { DEPTH_ERROR, type SplitName } from '../data/scene/scene.ts';
import { sampleView } from '../data/scene/view_sample.ts';
import { slice } from '../graph/ops/layout.ts';
import { renderPeople } from '../graph/ops/render.ts';
import type { ViewReader } from '../lift/view_program.ts';
import { pacer } from '../platform/pace.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { type View, viewNumber } from '../pose/view.ts';

/** What a program is given of some people: all but their pictures, and what those are made of. */
export interface ViewBatch {
  /** [n, ...] by name, as `ViewSource.inputs` tells their shapes. */
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** [n, 17, 3] metres, in each view's frame. */
  readonly poses: Float32Array;
  readonly views: readonly View[];
  /** [n, 17, 2] joints as detected, on the camera's plane at depth 1. */
  readonly rays: Float32Array;
}

/** People by number, each the same whenever it is asked for. */
export interface ViewSource {
  /** Pixels of a side of a view. */
  readonly size: number;
  /** People in an epoch. */
  readonly count: number;
  /** Shapes of what a program reads of n people. */
  inputs(n: number): Readonly<Record<string, readonly number[]>>;
  /** Their views, from that, within a program; see `ViewReader`. */
  views: ViewReader['views'];
  /** Some people, drawn slice by slice: a page stays alive meanwhile. */
  draw(indices: readonly number[]): Promise<ViewBatch>;
  /** How a training goes through them; where this is left out, every epoch in a random order. */
  stream?(options: StreamOptions): ViewStream;
}

export interface StreamOptions {
  readonly seed: number;
  /** People a step. */
  readonly batch: number;
}

/** Where a stream is, to be kept in a checkpoint; plain JSON. */
export type StreamPosition = Readonly<Record<string, unknown>>;

/** The batches of a training, each a pure function of its step. */
export interface ViewStream {
  /** The people of a step, from 0; those of the steps after it are made ready. */
  batch(step: number): Promise<ViewBatch>;
  /** Tells the data, and where they are at a step. */
  stateAt?(step: number): object;
  /** @throws Error where the data are others than those that a position tells of */
  goOn?(state: StreamPosition): void;
}

/** Stream of random numbers, apart from those of other parts of the program that share the seed. */
const ORDER = 0x76726472;

/** Batches of people in a random order: every epoch visits each once, in its own order. */
export function streamOf(source: ViewSource, { seed, batch }: StreamOptions): ViewStream {
  const { count } = source;
  const personOf = (visit: number) => {
    const random = randomAt(seed, ORDER, Math.floor(visit / count));
    return permute(visit % count, count, [random.bits(), random.bits()]);
  };
  return (
    source.stream?.({ seed, batch }) ?? {
      batch: (step) =>
        source.draw(Array.from({ length: batch }, (_, i) => personOf(step * batch + i))),
    }
  );
}

export interface RenderedOptions {
  readonly seed: number;
  readonly split: SplitName;
  readonly size: number;
  readonly count: number;
  /** Whether depth is as a network guesses it from one picture; else it is true. */
  readonly depthError: boolean;
}

/**
 * Rendered people. A program reads a few kilobytes of each, the scene; pictures are made where they
 * are learned from.
 */
export function renderedViews(options: RenderedOptions): ViewSource {
  const { seed, split, size, count, depthError } = options;
  const about = { seed, split, ...(depthError && { depthError: DEPTH_ERROR }) };
  return {
    size,
    count,
    inputs: (n) => ({ scenes: [n, SCENE_SIZE], joints: [n, JOINT_COUNT, 2], view: [n, 1] }),
    views({ scenes, joints, view }, { colours }) {
      const { pictures } = renderPeople(scenes!, { size, colours });
      const channels = (from: number, some: number) =>
        slice(pictures, [0, 0, 0, from], [pictures.shape[0]!, size, size, some]);
      return { image: channels(0, 3), depth: channels(3, 1), joints: joints!, view: view! };
    },
    async draw(indices) {
      const pause = pacer();
      const samples = [];
      for (const index of indices) {
        samples.push(sampleView({ ...about, index }, size));
        await pause();
      }
      const frames = samples.map(({ view }) => frameOfView(view, size));
      return {
        inputs: {
          scenes: packScenes(
            samples.map(({ scene }) => scene),
            frames,
          ),
          joints: join(samples.map(({ joints }) => joints)),
          view: Float32Array.from(samples, ({ view }) => viewNumber(view)),
        },
        poses: join(samples.map(({ pose }) => pose)),
        rays: join(samples.map(({ rays }) => rays)),
        views: samples.map(({ view }) => view),
      };
    },
  };
}

/** Arrays, one behind the other. */
export function join(parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
