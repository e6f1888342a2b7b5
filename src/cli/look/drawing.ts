/** What the pictures of a look inside share. */

import { encodePng } from '#platform';
import { enlarged } from '../../picture/raster.ts';
import type { Image } from '../../platform/types.ts';
import type { Joint } from '../../pose/skeleton.ts';

/** `right knee` for `rightKnee`. */
export const spoken = (joint: Joint): string =>
  joint.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`);

/** Pixels of tiles in their files: small maps are made of squares. */
const TILE = 128;

/** The image as a data URI of a PNG; small ones are enlarged to about the size of a tile. */
export async function hrefOf(image: Image): Promise<string> {
  const times = Math.max(1, Math.round(TILE / image.width));
  const png = await encodePng(times > 1 ? enlarged(image, times) : image);
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
