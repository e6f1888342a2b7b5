/** `kinegrad render`: a sheet of rendered people, to look at what networks learn from. */

import { join } from 'node:path';
import { encodePng, renderSvg, writeFileAtomic } from '#platform';
import { PARTS } from '../data/body/kinematics.ts';
import { SCENE_SIZE } from '../data/scene/layout.ts';
import { packScenes } from '../data/scene/pack.ts';
import { DEPTH_ERROR, SCENE_SPLITS, type Scene, sceneOf } from '../data/scene/scene.ts';
import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { renderPeople } from '../graph/ops/render.ts';
import { evaluate } from '../graph/program.ts';
import { contactSheet, type SheetEntry } from '../picture/sheet.ts';
import { svgDocument } from '../picture/svg.ts';
import type { AdapterKind, Image } from '../platform/types.ts';
import { whole } from './parsed.ts';

export interface RenderFlags {
  count: number;
  out: string;
  seed: number;
  split: string;
  first: number;
  size: number;
  depthError?: boolean;
  single?: boolean;
  /** Files that `kinegrad prepare` takes, instead of a sheet. */
  dataSet?: boolean;
  adapter?: AdapterKind;
}

/** Renders people, writes `sheet.png` and, if asked, single pictures, and says what was done. */
export async function renderCommand(flags: RenderFlags): Promise<string> {
  const { count, size, out, seed, first, adapter } = flags;
  const split = SCENE_SPLITS.find((known) => known === flags.split);
  if (!split)
    throw new Error(`--split ${flags.split}: it must be one of ${SCENE_SPLITS.join(', ')}`);
  whole('count', count, 1, flags.dataSet ? 1e6 : 400);
  whole('size', size, 16, 2048);
  whole('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  whole('first', first, 0, 2 ** 32 - count);
  if (flags.dataSet) {
    const { renderSet } = await import('./render_set.ts');
    return renderSet(flags, split);
  }
  const error = flags.depthError ? { depthError: DEPTH_ERROR } : {};
  const gpu = await openGpu({ adapter });
  try {
    const entries: SheetEntry[] = [];
    for (let index = first; index < first + count; index++) {
      const scene = sceneOf({ seed, split, index, ...error });
      const images = await picturesOf(gpu, scene, size);
      const files = await Promise.all(images.map(encodePng));
      if (flags.single)
        for (const [i, name] of NAMES.entries())
          await writeFileAtomic(join(out, `${split}-${index}-${name}.png`), files[i]!);
      entries.push(entryOf(scene, images[0]!, files));
    }
    const sheet = join(out, 'sheet.png');
    const shown = Math.min(size, 256);
    await writeFileAtomic(sheet, await renderSvg(svgDocument(contactSheet(entries, shown))));
    return (
      `${count} people of the ${split} split of seed ${seed}, on ${gpu.adapter.name}\n` +
      `${sheet}: each as a picture, its depth (near is bright), the parts of the person, ` +
      'and the joints (rings are hidden)'
    );
  } finally {
    gpu.close();
  }
}

const NAMES = ['picture', 'depth', 'parts'] as const;

/**
 * What a camera sees of a scene, the longer side of this many pixels: [height, width, 4] and parts.
 */
export async function pixelsOf(gpu: Gpu, scene: Scene, size: number) {
  const { camera } = scene;
  const scale = size / Math.max(camera.width, camera.height);
  const height = Math.round(scale * camera.height);
  const width = Math.round(scale * camera.width);
  const { pictures, parts } = await evaluate(
    gpu,
    ({ scenes }) => ({ ...renderPeople(scenes, { size: [height, width] }) }),
    { scenes: { shape: [1, SCENE_SIZE], values: packScenes([scene]) } },
  );
  return { width, height, pictures, parts };
}

const imageOf = (
  width: number,
  height: number,
  colour: (pixel: number) => readonly number[],
): Image => {
  const rgba = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++) rgba.set([...colour(i), 255], 4 * i);
  return { width, height, rgba };
};

/** The colours of pictures with a depth [height, width, 4]. */
export const colourImage = (width: number, height: number, pictures: Float32Array): Image =>
  imageOf(width, height, (i) =>
    Array.from(pictures.subarray(4 * i, 4 * i + 3), (c) => Math.round(255 * c)),
  );

/** The picture, its depth and its parts, the longer side of this many pixels. */
async function picturesOf(gpu: Gpu, scene: Scene, size: number): Promise<Image[]> {
  const { width, height, pictures, parts } = await pixelsOf(gpu, scene, size);
  return [
    colourImage(width, height, pictures),
    imageOf(width, height, (i) => depthColour(pictures[4 * i + 3]!)),
    imageOf(width, height, (i) => partColour(parts[i]!)),
  ];
}

/** Near is bright and warm, far is dark and cool; what is unknown is black. */
function depthColour(depth: number): readonly number[] {
  if (depth === 0) return [0, 0, 0];
  const near = Math.min(1, 1.6 / (0.6 + depth));
  return [near ** 0.8, 0.9 * near ** 1.3, 0.35 + 0.5 * Math.sin(Math.PI * near)].map((c) =>
    Math.round(255 * Math.min(1, c)),
  );
}

/** A hue of its own for each part; those of the left are cool, of the right warm. */
function partColour(part: number): readonly number[] {
  if (part === 0) return [24, 26, 30];
  const name = PARTS[part - 1]!;
  const light = 120 + 22 * (part % 7);
  if (name.startsWith('left')) return [40, light * 0.8, light];
  if (name.startsWith('right')) return [light, light * 0.55, 40];
  return [light * 0.75, light, light * 0.6];
}

function entryOf(scene: Scene, { width, height }: Image, files: readonly Uint8Array[]): SheetEntry {
  const { camera, pixels, visible, index, family, extrinsics } = scene;
  const joints = pixels.map((value) => (value * width) / camera.width);
  const [x, y, z] = scene.pose3d;
  const distance = Math.hypot(x!, y!, z!).toFixed(1);
  const tilt = Math.asin(-extrinsics.rotation[7]) * (180 / Math.PI);
  return {
    caption: `${index}: ${family}, ${distance} m away, seen from ${tilt.toFixed(0)} degrees`,
    ...{ width, height, joints, visible },
    images: files.map((file) => `data:image/png;base64,${Buffer.from(file).toString('base64')}`),
  };
}
