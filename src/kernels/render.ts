/** Pictures of people in rooms: rows of `src/data/scene/layout.ts` become colours, depth and parts. */

import cellsWgsl from '../../shaders/render_cells.wgsl';
import peopleWgsl from '../../shaders/render_people.wgsl';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';

/** Numbers of a scene's row; a test holds it to `SCENE_SIZE` of `src/data/scene/layout.ts`. */
export const SCENE_SIZE = 1684;

/** Pixels along a side of a tile of the picture. */
export const TILE = 8;

/** Cells of the light's grid along each side. */
export const LIGHT_CELLS = 32;

export interface CellAttributes {
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the picture. */
  readonly width: number;
  readonly height: number;
  /** Cells of the plane across the light, not tiles of the picture. */
  readonly fromLight: boolean;
}

const threads = ({ kind }: Target): number => (kind === 'hardware' ? 64 : 32);

/** y [scenes, cells, 4]: sets of things that may be seen in each cell, as bits of words. */
export const renderCells = /* @__PURE__ */ kernel<'scenes', 'y', CellAttributes>(cellsWgsl, {
  reads: ['scenes'],
  writes: ['y'],
  overrides: (_t, { fromLight }, target) => ({
    WIDTH: threads(target),
    FROM_LIGHT: Number(fromLight),
  }),
  params: ({ scenes }, { columns, rows, width, height }) => ({
    scenes: scenes.shape[0]!,
    ...{ columns, rows, width, height },
  }),
  groups: ({ scenes }, { columns, rows }, target) =>
    scenes.shape[0]! * Math.ceil((columns * rows) / threads(target)),
  cost: ({ scenes, y }) => ({
    bytes: 4 * (sizeOf(scenes.shape) + sizeOf(y.shape)),
    flops: 40 * 64 * (sizeOf(y.shape) / 4),
  }),
  cut: () => ['scenes', 'y'],
});

/** y [scenes, height, width, 4] and parts [scenes, height, width]. */
export const renderPeople = /* @__PURE__ */ kernel<'scenes' | 'tiles' | 'lights', 'y' | 'parts'>(
  peopleWgsl,
  {
    reads: ['scenes', 'tiles', 'lights'],
    writes: ['y', 'parts'],
    params: ({ y }) => ({
      scenes: y.shape[0]!,
      ...tilesOf(y),
      width: y.shape[2]!,
      height: y.shape[1]!,
    }),
    groups: ({ y }) => y.shape[0]! * tilesOf(y).columns * tilesOf(y).rows,
    cost: ({ y }) => ({ bytes: 5 * sizeOf(y.shape), flops: 150 * sizeOf(y.shape) }),
    cut: () => ['scenes', 'tiles', 'lights', 'y', 'parts'],
  },
);

/** Tiles that cover pictures [n, height, width, 4]. */
export const tilesOf = ({ shape }: Pick<Operand, 'shape'>) => ({
  columns: Math.ceil(shape[2]! / TILE),
  rows: Math.ceil(shape[1]! / TILE),
});
