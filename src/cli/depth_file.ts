/** Depth maps in files: 16-bit PNG, 32-bit TIFF, NumPy's npy. */

import { readFile } from 'node:fs/promises';
import { toMetres } from '../data/depth.ts';
import { readNpyArray } from '../formats/npy.ts';
import { readDepthPicture } from '../platform/node/photos.ts';
import type { DepthMap } from '../pose/view_picture.ts';

/** Metres beyond which the middle of a depth map is no picture of a person. */
const NEAR = 0.1;
const FAR = 500;

/**
 * Reads a depth map.
 * @throws where the file is none, or where what it holds is no distance in that unit
 */
export async function readDepthFile(path: string, unit: 'm' | 'mm'): Promise<DepthMap> {
  const { width, height, values } = await depthValues(path);
  const metres = toMetres(values, unit === 'mm' ? 0.001 : 1);
  const known = metres.filter((depth) => depth > 0).sort();
  const middle = known[known.length >> 1];
  if (middle === undefined) throw new Error('it has no value above zero');
  if (middle < NEAR || middle > FAR)
    throw new Error(
      `half of it is ${middle < NEAR ? 'nearer' : 'farther'} than ${middle.toPrecision(3)} m. Does --depth-unit ${unit} say what it holds?`,
    );
  return { width, height, metres };
}

async function depthValues(path: string) {
  const bytes = await readFile(path);
  if (!path.toLowerCase().endsWith('.npy')) return readDepthPicture(bytes);
  const { shape, data } = readNpyArray(bytes);
  const sides = shape.filter((side) => side !== 1);
  const [height, width] = shape.length === 2 ? shape : sides;
  if (!height || !width || height * width !== data.length)
    throw new Error(`it has the shape [${shape.join(', ')}], not [height, width]`);
  return { width, height, values: data };
}
