/** Pictures of people: images a second is 1 over the time of a row, times its number of scenes. */

import { SCENE_SIZE } from '../src/data/scene/layout.ts';
import { packScenes } from '../src/data/scene/pack.ts';
import { castPixel } from '../src/data/scene/ray_cast.ts';
import { sceneOf } from '../src/data/scene/scene.ts';
import { renderPeople } from '../src/graph/ops/render.ts';
import { checkDims, type Family } from './family.ts';

const DIMS = 'scenes,height,width';
/** A colour may be off by one of 255, a depth by 1e-4 of it, a part by nothing. */
const TOLERANCE = 1 / 255;
/** Pixels that are held against f64, at most: each is a ray through everything there is. */
const CHECKED = 4096;

export const family: Family = {
  name: 'render',
  dims: DIMS,
  bytes: 'colours, depth and parts are written once',
  tolerance: TOLERANCE,
  shapes: [
    [8, 128, 128],
    [8, 256, 256],
  ],
  cases(shape) {
    checkDims(shape, DIMS, 'render');
    const [n, height, width] = shape as [number, number, number];
    const pixels = height * width;
    return [
      {
        name: 'people',
        pass: 'forward',
        shape,
        // two rays, each against the two or three things that are near it; light, noise, curves
        cost: { bytes: 20 * n * pixels, flops: 700 * n * pixels },
        make() {
          const scenes = Array.from({ length: n }, (_, index) =>
            sceneOf({ seed: 1, split: 'train', index }),
          );
          const rows = packScenes(scenes);
          return {
            inputs: { scenes: { shape: [n, SCENE_SIZE], values: rows } },
            build: ({ scenes }) => ({ ...renderPeople(scenes!, { size: [height, width] }) }),
            error({ pictures, parts }) {
              let worst = 0;
              const step = Math.ceil((n * pixels) / CHECKED) | 1;
              for (let i = 0; i < n * pixels; i += step)
                worst = Math.max(worst, off(rows, [height, width], i, pictures!, parts![i]!));
              return worst;
            },
          };
        },
      },
    ];
  },
};

/** Rays through and right beside the middle of a pixel: at an edge rounding decides between them. */
const SHIFTS = [
  [0, 0],
  [-2e-3, 0],
  [2e-3, 0],
  [0, -2e-3],
  [0, 2e-3],
] as const;

/** How far a pixel is from what is right. */
function off(
  rows: Float32Array,
  [height, width]: readonly [number, number],
  i: number,
  pictures: Float32Array,
  part: number,
): number {
  const scene = Math.floor(i / (height * width));
  const row = rows.subarray(scene * SCENE_SIZE, (scene + 1) * SCENE_SIZE);
  const pixel = i % (height * width);
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  let best = Infinity;
  for (const shift of SHIFTS) {
    const right = castPixel(row, { width, height }, x, y, shift);
    const colours = right.colour.map((c, k) => Math.abs(pictures[4 * i + k]! - c));
    // 1e-4 of the depth counts as much as one of 255
    const depth = Math.abs(pictures[4 * i + 3]! - right.depth) / Math.max(1e-3, right.depth);
    const all = Math.max(...colours, (depth * 1e4) / 255, Math.abs(part - right.part));
    if (Number.isNaN(all)) return Infinity;
    best = Math.min(best, all);
    if (best <= TOLERANCE) break;
  }
  return best;
}
