/** Pictures of people, rendered inside the program that learns from them. */

import {
  renderCells as cellsKernel,
  renderHits as hitsKernel,
  LIGHT_CELLS,
  renderPeople as peopleKernel,
  SCENE_SIZE,
  tilesOf,
} from '../../kernels/render.ts';
import { view } from '../../kernels/tensor.ts';
import { call, op, show, type Tensor } from '../trace.ts';

interface RenderCall {
  readonly height: number;
  readonly width: number;
  readonly colours: boolean;
}

/** [pictures, parts] of scenes. */
const renderOp = /* @__PURE__ */ op<RenderCall>('renderPeople', {
  wantsRange: () => true,
  shape: ([scenes], { height, width }) => [
    [scenes![0]!, height, width, 4],
    [scenes![0]!, height, width, 1],
  ],
  lower: ({ inputs: [scenes], outputs: [y, parts], run, scratch }, { height, width, colours }) => {
    const n = y!.shape[0]!;
    const { columns, rows } = tilesOf(y!);
    const tiles = scratch('tiles', [n, columns * rows, 4]);
    const size = { height, width };
    run(cellsKernel, { scenes: scenes!, y: tiles }, { ...size, columns, rows, fromLight: false });
    // Without colours there is no light, and something has to be bound in the place of its cells.
    const lights = colours ? scratch('lights', [n, LIGHT_CELLS ** 2, 4]) : tiles;
    const square = { columns: LIGHT_CELLS, rows: LIGHT_CELLS };
    if (colours)
      run(cellsKernel, { scenes: scenes!, y: lights }, { ...size, ...square, fromLight: true });
    const hits = scratch('hits', [n, height, width, 2]);
    run(hitsKernel, { scenes: scenes!, tiles, hits }, undefined);
    const flat = view(parts!, parts!.shape.slice(0, 3));
    run(peopleKernel, { scenes: scenes!, lights, hits, y: y!, parts: flat }, { colours });
  },
  // the scenes are data: nothing is learnt of them
  backward: () => [null],
});

export interface RenderOptions {
  /** Pixels along both sides, or height and width. */
  readonly size: number | readonly [height: number, width: number];
  /** Whether pictures have colours; true. For depth and parts alone false saves what light costs. */
  readonly colours?: boolean;
}

/** What `renderPeople` gives. */
export interface RenderedPeople {
  /**
   * [n, h, w, 4]: red, green and blue as displayed (sRGB), 0 to 1, 0 without colours, and depth along the axis of the
   * view in metres, 0 where it is unknown.
   */
  readonly pictures: Tensor;
  /** [n, h, w, 1]: the part of the person, 0 for what is no person. */
  readonly parts: Tensor;
}

/**
 * Renders people by casting a ray through the middle of each pixel, and one from where it ends to the
 * light. No gradient reaches the scenes.
 * @param scenes [n, SCENE_SIZE], rows of `packScenes`
 * @throws where scenes are no such rows, or the size is no whole pixels
 */
export function renderPeople(
  scenes: Tensor,
  { size, colours = true }: RenderOptions,
): RenderedPeople {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (scenes.shape.length !== 2 || scenes.shape[1] !== SCENE_SIZE)
    throw new Error(
      `renderPeople: scenes must be [n, ${SCENE_SIZE}], got ${show(scenes.shape)}. Make them with packScenes`,
    );
  if (![height, width].every((pixels) => Number.isInteger(pixels) && pixels > 0))
    throw new Error(
      `renderPeople: the size must be whole pixels above 0, got [${height}, ${width}]`,
    );
  const [pictures, parts] = call(renderOp, [scenes], { height, width, colours });
  return { pictures: pictures!, parts: parts! };
}
