/** Pictures of people in rooms: rows of `src/data/scene/layout.ts` become colours, depth and parts. */

import cellsWgsl from '../../shaders/render_cells.wgsl';
import hitsWgsl from '../../shaders/render_hits.wgsl';
import peopleWgsl from '../../shaders/render_people.wgsl';
import { kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';

/** Numbers of a scene's row; a test holds it to `SCENE_SIZE` of `src/data/scene/layout.ts`. */
export const SCENE_SIZE = 1684;

/** Pixels of a tile of the picture. */
export const TILE_WIDTH = 16;
export const TILE_HEIGHT = 8;

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
    scenes.shape[0]! * Math.ceil((columns * Math.ceil(rows / 4)) / threads(target)),
  cost: ({ scenes, y }) => ({
    bytes: 4 * (sizeOf(scenes.shape) + sizeOf(y.shape)),
    flops: 40 * 64 * (sizeOf(y.shape) / 4),
  }),
  cut: () => ['scenes', 'y'],
});

/** hits [scenes, height, width, 2]: how far each pixel's ray goes, and what it meets there. */
export const renderHits = /* @__PURE__ */ kernel<'scenes' | 'tiles', 'hits'>(hitsWgsl, {
  reads: ['scenes', 'tiles'],
  writes: ['hits'],
  params: ({ hits }) => ({
    scenes: hits.shape[0]!,
    ...tilesOf(hits),
    width: hits.shape[2]!,
    height: hits.shape[1]!,
  }),
  groups: ({ hits }) => hits.shape[0]! * tilesOf(hits).columns * tilesOf(hits).rows,
  cost: ({ hits }) => ({ bytes: 4 * sizeOf(hits.shape), flops: 300 * sizeOf(hits.shape) }),
  cut: () => ['scenes', 'tiles', 'hits'],
});

/**
 * y [scenes, height, width, 4] and parts [scenes, height, width]. Without colours these are 0, and the
 * lights are not read.
 */
export const renderPeople = /* @__PURE__ */ kernel<
  'scenes' | 'lights' | 'hits',
  'y' | 'parts',
  { colours: boolean }
>(peopleWgsl, {
  reads: ['scenes', 'lights', 'hits'],
  writes: ['y', 'parts'],
  overrides: (_t, { colours }, target) => ({
    WIDTH: threads(target),
    COLOURS: Number(colours),
  }),
  params: ({ y }, _a, target) => ({
    scenes: y.shape[0]!,
    width: y.shape[2]!,
    height: y.shape[1]!,
    groups: pixelGroups(y, target),
  }),
  groups: ({ y }, _a, target) => y.shape[0]! * pixelGroups(y, target),
  cost: ({ y }) => ({ bytes: 7 * sizeOf(y.shape), flops: 100 * sizeOf(y.shape) }),
  cut: () => ['scenes', 'lights', 'hits', 'y', 'parts'],
});

const pixelGroups = ({ shape }: Operand, target: Target): number =>
  Math.ceil((shape[1]! * shape[2]!) / threads(target));

/** Tiles that cover pictures [n, height, width, ...]. */
export const tilesOf = ({ shape }: Pick<Operand, 'shape'>) => ({
  columns: Math.ceil(shape[2]! / TILE_WIDTH),
  rows: Math.ceil(shape[1]! / TILE_HEIGHT),
});
