/** The pictures of a look inside. */

import { overlay } from '../../picture/overlay.ts';
import { panel } from '../../picture/panel.ts';
import { type LiftedPerson, liftedPeople } from '../../picture/people.ts';
import { APART, channelOf, GREYS, HEAT, heatmap, photo } from '../../picture/raster.ts';
import type { Picture } from '../../picture/svg.ts';
import { type Tile, type TileRow, tiles } from '../../picture/tiles.ts';
import { type Coordinates, JOINT_COUNT, JOINTS } from '../../pose/skeleton.ts';
import { hrefOf, spoken } from './drawing.ts';
import type { Numbers, PersonInsides } from './insides.ts';
import { jointsOf, type People } from './people.ts';

/** The view of a person with its joints. */
async function viewPicture(person: People): Promise<Picture> {
  const { size, views } = person;
  const href = await hrefOf(photo(views.image, size));
  return overlay({ image: { width: size, height: size, href }, pose: jointsOf(person, 0) });
}

const CHANNELS = { across: 7, side: 124 };

/** The view, and all that the network reads of it: colours, depth, and a map for each joint. */
export async function channelsPicture(
  name: string,
  person: People,
  { picture, maps }: PersonInsides,
): Promise<Picture> {
  const [size] = picture.shape as [number];
  const [side] = maps.shape as [number];
  const channel = (i: number) => channelOf(picture.values, 4, i);
  const drawn = [
    ...['red', 'green', 'blue'].map((label, i) => ({
      label,
      image: heatmap(channel(i), size, GREYS, [-1, 1]),
    })),
    { label: 'depth', image: heatmap(channel(3), size, APART, [-2, 2]) },
    ...JOINTS.map((joint, i) => ({
      label: spoken(joint),
      image: heatmap(channelOf(maps.values, JOINT_COUNT, i), side, HEAT, [0, 1]),
    })),
  ];
  const all = await Promise.all(
    drawn.map(
      async ({ label, image }, i): Promise<Tile> => ({
        label: `${i + 1} ${label}`,
        href: await hrefOf(image),
      }),
    ),
  );
  const rows: TileRow[] = [];
  for (let i = 0; i < all.length; i += CHANNELS.across)
    rows.push({ tiles: all.slice(i, i + CHANNELS.across) });
  const ofMaps = side === size ? '' : `, heatmaps of ${side} x ${side}`;
  return panel({
    title: `${name}: what it is given, ${all.length} channels of ${size} x ${size}${ofMaps}`,
    pictures: [await viewPicture(person), tiles({ rows, side: CHANNELS.side })],
    caption:
      'Colours from -1 (black) to 1 (white). Depth beyond the pelvis, from 2 m nearer (blue) to 2 m ' +
      'farther (red-brown); what is as far as the pelvis, or unknown, is light. Heatmaps from 0 to 1.',
    height: 430,
  });
}

const FEATURES = { across: 8, side: 104 };

/** Feature maps of each stage, the same for all: those channels that vary most. */
export async function featuresPicture(name: string, { stages }: PersonInsides): Promise<Picture> {
  const rows = await Promise.all(
    stages.map(async ({ name, shape, values }): Promise<TileRow> => {
      const [h, w, c] = shape as [number, number, number];
      const chosen = mostVaried({ shape, values }).slice(0, FEATURES.across);
      const images = chosen.map(({ channel, low, high }) =>
        heatmap(channelOf(values, c, channel), w, HEAT, [low, high]),
      );
      const hrefs = await Promise.all(images.map(hrefOf));
      return {
        title: name,
        note: `[${h}, ${w}, ${c}]`,
        tiles: hrefs.map((href) => ({ href })),
      };
    }),
  );
  return panel({
    title: `${name}: what it makes of that, feature maps [height, width, channels]`,
    pictures: [tiles({ rows, side: FEATURES.side })],
    caption: `Of each stage the ${FEATURES.across} channels that vary most, each from its least value (black) to its largest (light).`,
    height: rows.length * (FEATURES.side + 8),
  });
}

/** Channels of a map [h, w, c] by the deviation of their values, the largest first. */
function mostVaried({ shape, values }: Numbers) {
  const channels = shape[2]!;
  const all = Array.from({ length: channels }, (_, channel) => {
    const own = channelOf(values, channels, channel);
    const mean = own.reduce((sum, v) => sum + v, 0) / own.length;
    const deviation = own.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    return { channel, deviation, low: Math.min(...own), high: Math.max(...own) };
  });
  return all.sort((a, b) => b.deviation - a.deviation);
}

/** Poses of all people by what they were made of: [count, 17, 3] each. */
export interface LiftedPoses {
  readonly by: string;
  readonly poses: Float32Array;
}

/** Poses beside the truth, person by person. */
export async function peoplePicture(
  name: string,
  people: People,
  lifted: readonly LiftedPoses[],
): Promise<Picture> {
  const { size, views, count, truth, names } = people;
  const pixels = 3 * size * size;
  const rows: LiftedPerson[] = [];
  for (let i = 0; i < count; i++)
    rows.push({
      ...{ name: names[i]!, size, joints: jointsOf(people, i) },
      href: await hrefOf(photo(views.image.subarray(i * pixels, (i + 1) * pixels), size)),
      lifted: lifted.map(({ by, poses }) => ({ by, pose: poseOf(poses, i) })),
      ...(truth && { truth: poseOf(truth, i) }),
    });
  const beside = truth ? ', beside the truth' : '';
  return liftedPeople(rows, `${name}: lifted people${beside}`);
}

/** One of the poses [count, 17, 3], moved so that its root is at 0. */
export function poseOf(poses: Float32Array, i: number): Coordinates<'metric'> {
  const own = poses.subarray(3 * JOINT_COUNT * i, 3 * JOINT_COUNT * (i + 1));
  return Float64Array.from(own, (value, at) => value - own[at % 3]!) as Coordinates<'metric'>;
}
