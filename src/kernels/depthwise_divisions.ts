/** How the results of a depthwise convolution are divided among threads, and which windows allow it. */

import type { Target } from './kernel.ts';
import { sizeOf } from './tensor.ts';
import { columnThreads } from './walk.ts';
import type { Window } from './window.ts';

/** How the results of one channel are divided among threads. */
export interface Division {
  /** Threads of a workgroup. */
  readonly width: (t: Cut, target: Target) => number;
  /** Workgroups of an image. */
  readonly groups: (t: Cut, target: Target) => number;
  /** Values of the WGSL `Params` and constants that describe it. */
  readonly params?: (t: Cut, target: Target) => Readonly<Record<string, number>>;
  readonly constants?: (t: Cut) => Readonly<Record<string, string>>;
}

/** What a division is made by. */
export interface Cut {
  readonly window: Window;
  readonly images: number;
  /** Channels, in Ts. */
  readonly channels: number;
}

/** Of kernels without strips. */
export const idle = { blocks: 1, phases_y: 1, phases_x: 1, length: 1, strips: 1, spans: 1 };

/** A thread for each T of y. */
export const byPixel = (lanes: (t: Cut) => number = () => 1): Division => ({
  width: (_, target) => columnThreads(target, 64),
  groups: (t, target) =>
    Math.ceil(
      (lanes(t) * t.images * t.channels * sizeOf(t.window.places)) / columnThreads(target, 64),
    ),
});

/** How rows and columns of results are divided into strips. */
interface Strips {
  /** Rows of a strip, at most. */
  readonly rows: number;
  /** Columns of a strip; whole rows where it is 0. */
  readonly columns: number;
}

/** Strips of the results of one image: blocks of rows, and strips of a block. */
function stripsOf({ places, dilation }: Window, { rows, columns }: Strips) {
  const phases_y = Math.min(dilation[0], places[0]);
  const phases_x = Math.min(dilation[1], places[1]);
  const high = Math.ceil(places[0] / dilation[0]);
  const wide = Math.ceil(places[1] / dilation[1]);
  const length = columns === 0 ? wide : Math.min(columns, wide);
  const own = rowsOfStrip(high, rows);
  return {
    rows: own,
    blocks: phases_y * Math.ceil(high / own),
    phases_y,
    phases_x,
    length,
    strips: phases_x * Math.ceil(wide / length),
    spans: columns === 0 ? phases_x : 1,
  };
}

/** As few strips as `most` rows allow, and those alike: 5 rows are 3 and 2, not 4 and 1. */
const rowsOfStrip = (high: number, most: number) => Math.ceil(high / Math.ceil(high / most));

/** A thread for each strip, or for all that lie in the same rows. */
export const byStrips = (strips: Strips): Division => ({
  width: (_, target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { blocks, strips: all, spans } = stripsOf(window, strips);
    const threads = images * blocks * Math.ceil(all / spans) * channels;
    return Math.ceil(threads / columnThreads(target, 64));
  },
  params({ window }) {
    const { rows: _, ...params } = stripsOf(window, strips);
    return params;
  },
  constants: ({ window }) => ({
    SY: `${window.stride[0]}u`,
    SX: `${window.stride[1]}u`,
    ROWS: `${stripsOf(window, strips).rows}u`,
  }),
});

/** Columns of a strip of the kernel that goes along rows: as many as its sums have names. */
const ALONG = 16;

/** A thread for each strip of a row. */
export const byRows: Division = {
  width: (_, target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { strips } = rowStrips(window);
    const threads = images * window.places[0] * strips * channels;
    return Math.ceil(threads / columnThreads(target, 64));
  },
  params: ({ window }) => ({ ...idle, ...rowStrips(window) }),
  constants: ({ window }) => ({ SX: `${window.stride[1]}u` }),
};

/** Strips of a row of one image. */
function rowStrips({ places, dilation }: Window) {
  const phases_x = Math.min(dilation[1], places[1]);
  return { phases_x, strips: phases_x * Math.ceil(Math.ceil(places[1] / dilation[1]) / ALONG) };
}

/** Whether that kernel computes a window. */
export const hasRows = ([, , , , , , , sx, , dx]: readonly number[]): boolean =>
  sx === 1 || dx === 1;

/** Columns of a strip of the kernels that walk down: as many as their sums have names. */
const COLUMNS = 4;

/** Strips of one image down which threads walk: phases of rows, and strips of columns. */
function columnsOf({ places, dilation }: Window) {
  const phases_y = Math.min(dilation[0], places[0]);
  const phases_x = Math.min(dilation[1], places[1]);
  const strips = phases_x * Math.ceil(Math.ceil(places[1] / dilation[1]) / COLUMNS);
  return { blocks: phases_y, phases_y, phases_x, strips };
}

/** A thread for each strip of columns. */
export const byColumns: Division = {
  width: (_, target) => columnThreads(target, 64),
  groups({ window, images, channels }, target) {
    const { blocks, strips } = columnsOf(window);
    return Math.ceil((images * blocks * strips * channels) / columnThreads(target, 64));
  },
  params: ({ window }) => ({ ...idle, ...columnsOf(window) }),
};

/** Pixels of y along each side of a tile in workgroup memory. */
const TILE = 8;
/** Ts that fit the 16 KiB of workgroup memory that every device has. */
const MOST_OF_TILE = 1024;

/** What a tile sees of x along each axis, and Ts of channels that fit beside one another. */
function tileOf(kernel: Two, stride: Two, dilation: Two) {
  const along = (i: 0 | 1) => (TILE - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1;
  const [high, wide] = [along(0), along(1)];
  return { high, wide, lanes: [4, 2, 1, 0].find((n) => n * high * wide <= MOST_OF_TILE)! };
}
type Two = readonly [number, number];
const tileOfWindow = ({ kernel, stride, dilation }: Window) => tileOf(kernel, stride, dilation);

/** Tiles of one image. */
function tilesOf({ window, channels }: Cut) {
  const [blocks, strips] = window.places.map((n) => Math.ceil(n / TILE)) as [number, number];
  return { blocks, strips, spans: Math.ceil(channels / tileOfWindow(window).lanes) };
}

/** A thread for each T of a tile of y. */
export const byTiles: Division = {
  width: ({ window }) => TILE * TILE * tileOfWindow(window).lanes,
  groups(t) {
    const { blocks, strips, spans } = tilesOf(t);
    return t.images * blocks * strips * spans;
  },
  params: (t) => ({ ...idle, ...tilesOf(t) }),
  constants({ window }) {
    const { high, wide, lanes } = tileOfWindow(window);
    return { SIDE: `${TILE}u`, DEEP: `${lanes}u`, HIGH: `${high}u`, WIDE: `${wide}u` };
  },
};

/** Whether such a tile fits. */
export const hasTile = ([, , , , kh, kw, sy, sx, dy, dx]: readonly number[]): boolean =>
  tileOf([kh!, kw!], [sy!, sx!], [dy!, dx!]).lanes > 0;

/** Taps that fit the registers of a thread. */
const MOST_TAPS = 49;
/** Whether a kernel with strips computes a window: its phases need stride or dilation 1. */
export const hasStrips = ([, , , , kh, kw, sy, sx, dy, dx]: readonly number[]): boolean =>
  kh! * kw! <= MOST_TAPS && (sy === 1 || dy === 1) && (sx === 1 || dx === 1);

/** Taps along each axis of a window that kernels with named sums compute, or 0. */
export const hasColumns = ([, , , , kh, kw, sy, sx]: readonly number[]): 0 | 3 | 5 =>
  kh === kw && sy === 1 && sx === 1 && (kh === 3 || kh === 5) ? kh : 0;
