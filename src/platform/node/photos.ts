/** Photos and depth maps for data sets, by the npm package `sharp`. */

import { loadSharp } from './images.ts';

/** A photo as data sets keep it. */
export interface PackedPhoto {
  /** A JPEG file of the shown picture. */
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Size of the picture in the file, and the EXIF orientation (1 to 8) in which it is shown. */
  readonly stored: { readonly width: number; readonly height: number };
  readonly orientation: number;
}

/** One thread an image: the caller works on several at once. */
export async function oneThreadEach(): Promise<void> {
  const sharp = await loadSharp();
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Turns a photo upright, makes it at most `longest` pixels wide and high (never larger than it is),
 * and packs it as JPEG. What is transparent becomes white.
 * @throws where the bytes are no image, or break off
 */
export async function packPhoto(bytes: Uint8Array, longest: number): Promise<PackedPhoto> {
  const sharp = await loadSharp();
  const { width, height, orientation = 1 } = await sharp(bytes).metadata();
  const [w, h] = orientation >= 5 ? [height, width] : [width, height];
  const scale = Math.min(1, longest / Math.max(w, h));
  const { data, info } = await sharp(bytes)
    .autoOrient()
    .resize({
      width: Math.max(1, Math.round(w * scale)),
      height: Math.max(1, Math.round(h * scale)),
      fit: 'fill',
    })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer({ resolveWithObject: true });
  return {
    jpeg: new Uint8Array(data),
    width: info.width,
    height: info.height,
    stored: { width, height },
    orientation,
  };
}

/**
 * The numbers of a depth map in a picture with one channel of 16 bits, or of floating-point numbers:
 * PNG or TIFF. The orientation that it may state is left alone.
 * @throws for pictures with several channels, or of 8 bits, which hold no distances
 */
export async function readDepthPicture(
  bytes: Uint8Array,
): Promise<{ width: number; height: number; values: Float32Array | Uint16Array }> {
  const sharp = await loadSharp();
  const { channels, depth } = await sharp(bytes).metadata();
  if (channels !== 1 || (depth !== 'ushort' && depth !== 'float'))
    throw new Error(
      `it has ${channels} channel${channels === 1 ? '' : 's'} of type ${depth}; a depth map has one, of 16 bits or of 32-bit floating-point numbers`,
    );
  const { data, info } = await sharp(bytes)
    .toColourspace(depth === 'float' ? 'b-w' : 'grey16')
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const own = new Uint8Array(data).buffer;
  return {
    width: info.width,
    height: info.height,
    values: depth === 'float' ? new Float32Array(own) : new Uint16Array(own),
  };
}

/** A PNG file with one channel of 16 bits, which `readDepthPicture` reads. */
export async function encodeDepth(
  values: Uint16Array,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(values, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();
}
