import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage } from '../../src/platform/node/images.ts';
import { packPhoto, readDepthPicture } from '../../src/platform/node/photos.ts';
import { floatTiff } from '../fixtures/tiff.ts';

const photo = sharp({ create: { width: 40, height: 30, channels: 3, background: '#c04020' } });

for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const)
  test(`${format} becomes JPEG of the size that is asked for`, async () => {
    const packed = await packPhoto(await photo.clone().toFormat(format).toBuffer(), 20);
    expect([packed.width, packed.height]).toEqual([20, 15]);
    const { width, height, rgba } = await decodeImage(packed.jpeg);
    expect([width, height]).toEqual([20, 15]);
    for (const [i, value] of [0xc0, 0x40, 0x20].entries())
      expect(Math.abs(rgba[4 * 100 + i]! - value)).toBeLessThan(6);
  });

test('photos are turned upright and not made larger; grey, CMYK and alpha become RGB', async () => {
  const turned = await photo.clone().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const packed = await packPhoto(turned, 400);
  expect(packed).toMatchObject({ width: 30, height: 40, orientation: 6 });
  expect(packed.stored).toEqual({ width: 40, height: 30 });
  expect((await sharp(packed.jpeg).metadata()).orientation).toBeUndefined();
  const clear = { create: { width: 8, height: 8, channels: 4 as const, background: '#00000000' } };
  const others = [
    await photo.clone().greyscale().png().toBuffer(),
    await photo.clone().toColourspace('cmyk').jpeg().toBuffer(),
    await photo.clone().toColourspace('rgb16').png().toBuffer(),
    await sharp(clear).png().toBuffer(),
  ];
  for (const bytes of others) {
    const { channels, space } = await sharp((await packPhoto(bytes, 8)).jpeg).metadata();
    expect([channels, space]).toEqual([3, 'srgb']);
  }
  const { rgba } = await decodeImage((await packPhoto(others[3]!, 8)).jpeg);
  expect(rgba[0]).toBeGreaterThan(250);
});

test('a photo that breaks off is refused, not half grey', async () => {
  const bytes = await photo.clone().resize(400, 300).jpeg().toBuffer();
  await expect(packPhoto(bytes.subarray(0, bytes.length / 2), 40)).rejects.toThrow();
  await expect(packPhoto(new Uint8Array(50), 40)).rejects.toThrow(/unsupported image format/);
});

test('depth maps keep their numbers: 16 bits in PNG and TIFF, floats in TIFF', async () => {
  const values = Uint16Array.of(0, 1, 255, 256, 40000, 65535);
  const grey = () =>
    sharp(values, { raw: { width: 3, height: 2, channels: 1 } }).toColourspace('grey16');
  for (const bytes of [
    await grey().png().toBuffer(),
    await grey().tiff({ compression: 'deflate' }).toBuffer(),
  ]) {
    const map = await readDepthPicture(bytes);
    expect([map.width, map.height]).toEqual([3, 2]);
    expect([...map.values]).toEqual([...values]);
  }
  const floats = [0.5, 1.25, Number.NaN, 1e-3, 70000.5, -1];
  const map = await readDepthPicture(floatTiff(3, 2, floats));
  expect([...map.values]).toEqual([...Float32Array.from(floats)]);
  await expect(readDepthPicture(await photo.clone().png().toBuffer())).rejects.toThrow(
    /it has 3 channels of type uchar; a depth map has one/,
  );
});
