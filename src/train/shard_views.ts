/** Views of photos that `kinegrad prepare` made shards of. */

import type { ImageSample, ShardSamples } from '../data/shards/dataset.ts';
import { type ShardStream, type StreamState, shardStream } from '../data/shards/stream.ts';
import { pictureReader } from '../lift/view_lifter.ts';
import { pacer } from '../platform/pace.ts';
import { intoView, viewNumber } from '../pose/view.ts';
import { photoView } from '../pose/view_picture.ts';
import { join, type ViewBatch, type ViewSource } from './view_data.ts';

/** Shards whose samples are shuffled into each other while a training goes through them. */
export const MIXED_SHARDS = 4;

/**
 * Samples as two-stage lifters see them, cut into views as they are drawn. A training streams them:
 * shards load and pictures are decoded before the step that needs them.
 * @param samples every joint of which is known, in the picture and in space
 * @param size pixels of a side of a view
 */
export function shardViews(samples: ShardSamples, size: number): ViewSource {
  return {
    ...pictureReader(size),
    size,
    count: samples.count,
    draw: async (indices) =>
      viewsOf(await Promise.all(indices.map((i) => samples.sample(i))), size),
    stream({ seed, batch }) {
      const options = { seed, size: batch, mixed: MIXED_SHARDS };
      const stateAt = (step: number): StreamState => ({
        ...options,
        step,
        fingerprint: samples.fingerprint,
      });
      let stream: ShardStream | undefined;
      return {
        stateAt,
        goOn(state) {
          stream = shardStream(samples, { ...options, state: state as unknown as StreamState });
        },
        async batch(step) {
          // Batches come in the order of steps, unless a training goes back to a snapshot.
          if (stream?.state.step !== step)
            stream = shardStream(samples, { ...options, state: stateAt(step) });
          return viewsOf(await stream.next(), size);
        },
      };
    },
  };
}

async function viewsOf(samples: readonly ImageSample[], size: number): Promise<ViewBatch> {
  const pause = pacer();
  const seen = [];
  for (const sample of samples) {
    const { joints, pose } = sample;
    const photo = photoView(sample, joints, size);
    seen.push({ ...photo, pose: intoView(photo.view, pose!) });
    await pause();
  }
  return {
    inputs: {
      image: join(seen.map(({ image }) => image)),
      depth: join(seen.map(({ depth }) => depth)),
      joints: join(seen.map(({ joints }) => joints)),
      view: Float32Array.from(seen, ({ view }) => viewNumber(view)),
    },
    poses: join(seen.map(({ pose }) => pose)),
    rays: join(seen.map(({ rays }) => rays)),
    views: seen.map(({ view }) => view),
  };
}
