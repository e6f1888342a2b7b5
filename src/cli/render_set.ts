/** `kinegrad render --data-set`: rendered people as files that `kinegrad prepare` takes. */

import { join } from 'node:path';
import { encodePng, writeFileAtomic } from '#platform';
import { DEPTH_ERROR, type Scene, type SplitName } from '../data/scene/scene.ts';
import { sampleView } from '../data/scene/view_sample.ts';
import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { encodeDepth } from '../platform/node/photos.ts';
import { JOINTS } from '../pose/skeleton.ts';
import { progressBar } from './progress.ts';
import { colourImage, pixelsOf, type RenderFlags } from './render.ts';

/** Millimetres that 16 bits hold. */
const FARTHEST = 65535;

/**
 * Writes `images/`, `depth/` in millimetres, `joints.json` as a detector finds them, `poses.json`
 * in metres and `cameras.json`, and says how to go on.
 */
export async function renderSet(flags: RenderFlags, split: SplitName): Promise<string> {
  const { count, first, size, out, seed, adapter } = flags;
  const error = flags.depthError ? { depthError: DEPTH_ERROR } : {};
  const [joints, poses, cameras]: Record<string, unknown>[] = [{}, {}, {}];
  const gpu = await openGpu({ adapter });
  const bar = progressBar('rendering', count, 0, 'people');
  try {
    for (let i = 0; i < count; i++) {
      const { scene } = sampleView({ seed, split, index: first + i, ...error }, size);
      const name = `${split}-${`${first + i}`.padStart(6, '0')}.png`;
      const { width, height } = await writePictures(gpu, scene, size, out, name);
      const { pose3d, detection, camera } = scene;
      const { pixels, confidence } = detection;
      joints![name] = named((j) => [
        (pixels[2 * j]! * width) / camera.width,
        (pixels[2 * j + 1]! * height) / camera.height,
        confidence[j]!,
      ]);
      poses![name] = named((j) => [...pose3d.subarray(3 * j, 3 * j + 3)]);
      cameras![name] = camera;
      bar.update(i + 1, {});
    }
  } finally {
    bar.stop();
    gpu.close();
  }
  for (const [name, values] of Object.entries({ joints, poses, cameras }))
    await writeFileAtomic(join(out, `${name}.json`), `${JSON.stringify(values)}\n`);
  const at = (name: string) => join(out, name);
  return (
    `${count} people of the ${split} split of seed ${seed} with all that is known of them: ${out}\n` +
    `kinegrad prepare --images ${at('images')} --joints ${at('joints.json')} --depth ${at('depth')} --depth-unit mm ` +
    `--poses ${at('poses.json')} --cameras ${at('cameras.json')} --out shards/`
  );
}

const named = (value: (joint: number) => number[]) =>
  Object.fromEntries(JOINTS.map((name, j) => [name, value(j)]));

async function writePictures(gpu: Gpu, scene: Scene, size: number, out: string, name: string) {
  const { width, height, pictures } = await pixelsOf(gpu, scene, size);
  const image = colourImage(width, height, pictures);
  await writeFileAtomic(join(out, 'images', name), await encodePng(image));
  const depth = Uint16Array.from({ length: width * height }, (_, i) =>
    Math.min(FARTHEST, Math.round(1000 * pictures[4 * i + 3]!)),
  );
  await writeFileAtomic(join(out, 'depth', name), await encodeDepth(depth, width, height));
  return { width, height };
}
