/** The picture of what tokens of a transformer look at. */

import { panel } from '../../picture/panel.ts';
import { type Colour, colourOf, HEAT, raster } from '../../picture/raster.ts';
import { element, type Picture } from '../../picture/svg.ts';
import { type Tile, type TileRow, tiles } from '../../picture/tiles.ts';
import type { Image } from '../../platform/types.ts';
import { JOINTS, type Joint } from '../../pose/skeleton.ts';
import { hrefOf, spoken } from './drawing.ts';
import type { Attention, Numbers, PersonInsides } from './insides.ts';
import { jointsOf, type People } from './people.ts';

const LOOKING: readonly Joint[] = [
  'head',
  'rightWrist',
  'leftWrist',
  'pelvis',
  'rightKnee',
  'leftKnee',
  'rightAnkle',
  'leftAnkle',
];
const ATTENTION = { side: 124, margin: 150 };

/** Where the tokens at some joints look, in each fusion block, the mean over the heads. */
export async function attentionPicture(
  person: People,
  { maps }: PersonInsides,
  blocks: readonly Attention[],
): Promise<Picture> {
  const { size, views } = person;
  const grey = channelMean(views.image, 3);
  const joints = jointsOf(person, 0);
  const ground = maxOfChannels(maps);
  const row = async (title: string, note: string, look: Look, first: boolean) => {
    const tilesOf = LOOKING.map(async (name): Promise<Tile> => {
      const i = JOINTS.indexOf(name);
      const at = [joints[2 * i]! / size, joints[2 * i + 1]! / size] as const;
      return {
        ...(first && { label: spoken(name) }),
        href: await hrefOf(shares(look, at)),
        over: outline(look.from, at),
      };
    });
    return { title, note, tiles: await Promise.all(tilesOf) };
  };
  const rows: TileRow[] = [];
  for (const [i, { image, maps: ofMaps }] of blocks.entries()) {
    const patches = sideOf(image.shape[0]! - 1);
    const places = sideOf(ofMaps.shape[0]!);
    const last = i === blocks.length - 1;
    const toImage: Look = {
      ...{ shares: ofMaps, skipFrom: 0, from: places, skipTo: 1, to: patches },
      ground: { values: grey, side: size, scheme: [[20, 24, 30], [225, 228, 232]] }, // biome-ignore format: colours
      size,
    };
    const toMaps: Look = {
      ...{ shares: image, skipFrom: 1, from: patches, skipTo: 0, to: places },
      ground: { values: ground, side: maps.shape[0]!, scheme: [[30, 34, 40], [200, 205, 210]] }, // biome-ignore format: colours
      size,
    };
    rows.push(
      await row(`fusion ${i + 1}`, 'heatmap token at the joint, to the picture', toImage, false),
    );
    rows.push(
      await row(`fusion ${i + 1}`, 'picture token at the joint, to the heatmaps', toMaps, last),
    );
  }
  return panel({
    title: 'vit: what tokens look at in the fusion blocks',
    pictures: [tiles({ rows, side: ATTENTION.side, margin: ATTENTION.margin })],
    caption:
      'The outlined token stands for a patch with a joint in it. What it looks at is bright, in the mean of all heads: ' +
      'from an equal share of its attention on, brightest at sixteen times that.',
    height: rows.length * (ATTENTION.side + 8) + 19,
  });
}

/** How tokens of one kind look at those of the other, and what that is drawn over. */
interface Look {
  readonly shares: Numbers;
  /** Tokens before the first that stands for a patch, and patches along a side. */
  readonly skipFrom: number;
  readonly from: number;
  readonly skipTo: number;
  readonly to: number;
  readonly ground: {
    readonly values: ArrayLike<number>;
    readonly side: number;
    readonly scheme: readonly Colour[];
  };
  readonly size: number;
}

/** The patch of a grid in which a point lies, in parts of the side. */
const patchAt = (side: number, [x, y]: readonly [number, number]): readonly [number, number] => {
  const inside = (v: number) => Math.min(side - 1, Math.max(0, Math.floor(v * side)));
  return [inside(x), inside(y)];
};

/** So many times as much as if all were looked at alike is the brightest. */
const BRIGHTEST = 16;

function shares(
  { shares, skipFrom, from, skipTo, to, ground, size }: Look,
  at: readonly [number, number],
): Image {
  const [column, row] = patchAt(from, at);
  const tokens = shares.shape[1]!;
  const begin = (skipFrom + row * from + column) * tokens + skipTo;
  const own = shares.values.subarray(begin, begin + to * to);
  return raster(size, size, (x, y) => {
    const share = own[Math.floor((y * to) / size) * to + Math.floor((x * to) / size)]!;
    const bright = Math.min(1, Math.max(0, Math.log(share * tokens) / Math.log(BRIGHTEST)));
    const scale = ground.side / size;
    const under = colourOf(
      ground.scheme,
      ground.values[Math.floor(y * scale) * ground.side + Math.floor(x * scale)]!,
    );
    const over = colourOf(HEAT, 0.35 + 0.6 * bright);
    const through = 1 - 0.85 * Math.sqrt(bright);
    const mixed = (i: 0 | 1 | 2) => Math.round(through * under[i] + (1 - through) * over[i]);
    return [mixed(0), mixed(1), mixed(2)];
  });
}

/** The outline of the patch in a tile. */
function outline(side: number, at: readonly [number, number]): string {
  const [column, row] = patchAt(side, at);
  const unit = 1000 / side;
  const place = { x: column * unit, y: row * unit, width: unit, height: unit, fill: 'none' };
  return (
    element('rect', { ...place, stroke: '#10151b', 'stroke-width': 30 }) +
    element('rect', { ...place, stroke: '#ffffff', 'stroke-width': 15 })
  );
}

/** Patches along each side of a square of so many. */
const sideOf = (patches: number): number => Math.round(Math.sqrt(patches));

function channelMean(values: ArrayLike<number>, channels: number): Float32Array {
  const mean = new Float32Array(values.length / channels);
  for (let i = 0; i < values.length; i++) mean[Math.floor(i / channels)]! += values[i]! / channels;
  return mean;
}

/** For each pixel of a map [h, w, c] its largest value. */
function maxOfChannels({ shape, values }: Numbers): Float32Array {
  const channels = shape[2]!;
  const most = new Float32Array(values.length / channels);
  values.forEach((value, i) => {
    const at = Math.floor(i / channels);
    most[at] = Math.max(most[at]!, value);
  });
  return most;
}
