import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage, renderSvg } from '../../src/platform/node/images.ts';
import { canHide, runInChild } from './child.ts';

/** Two rows of three pixels: red, green, blue, then black, grey, white. */
const PIXELS = Uint8Array.of(
  255,
  0,
  0,
  0,
  255,
  0,
  0,
  0,
  255,
  0,
  0,
  0,
  128,
  128,
  128,
  255,
  255,
  255,
);
const picture = () => sharp(PIXELS, { raw: { width: 3, height: 2, channels: 3 } });
const colours = (rgba: Uint8Array) =>
  Array.from({ length: rgba.length / 4 }, (_, i) => [...rgba.subarray(4 * i, 4 * i + 3)].join());

test('a PNG gives its pixels, opaque where it has no alpha', async () => {
  const { width, height, rgba } = await decodeImage(await picture().png().toBuffer());
  expect([width, height]).toEqual([3, 2]);
  expect(colours(rgba)).toEqual([
    '255,0,0',
    '0,255,0',
    '0,0,255',
    '0,0,0',
    '128,128,128',
    '255,255,255',
  ]);
  expect(rgba.filter((_, i) => i % 4 === 3)).toEqual(new Uint8Array(6).fill(255));
});

// EXIF 2.32, tag 274: 3 is upside down, 6 must be turned 90 degrees clockwise to be upright.
test.each([
  [3, [3, 2], ['255,255,255', '128,128,128', '0,0,0', '0,0,255', '0,255,0', '255,0,0']],
  [6, [2, 3], ['0,0,0', '255,0,0', '128,128,128', '0,255,0', '255,255,255', '0,0,255']],
])('EXIF orientation %i is honoured', async (orientation, size, expected) => {
  const { width, height, rgba } = await decodeImage(
    await picture().withMetadata({ orientation }).png().toBuffer(),
  );
  expect([width, height]).toEqual(size);
  expect(colours(rgba)).toEqual(expected);
});

test.each([
  ['grey', () => picture().greyscale()],
  ['16 bits', () => picture().toColourspace('rgb16')],
  ['palette', () => picture().png({ palette: true })],
])('%s images become 8-bit RGBA', async (_, make) => {
  const { rgba } = await decodeImage(await make().png().toBuffer());
  expect(colours(rgba)[3]).toBe('0,0,0');
  expect(colours(rgba)[5]).toBe('255,255,255');
  expect(rgba.length).toBe(24);
});

test('what is no picture is refused', async () => {
  await expect(decodeImage(Uint8Array.of(1, 2, 3))).rejects.toThrow(
    /^The image could not be decoded/,
  );
  await expect(renderSvg('<svg')).rejects.toThrow(/^The SVG could not be drawn/);
});

const TEXT = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40">
  <rect width="200" height="40" fill="white"/>
  <text x="5" y="25" font-family="sans-serif" font-size="20">MPJPE 32.9 mm</text></svg>`;

test('an SVG is drawn with its text and its photos', async () => {
  const inside = (await picture().png().toBuffer()).toString('base64');
  const photo = `<image x="180" y="20" width="3" height="2" href="data:image/png;base64,${inside}"/>`;
  const image = await decodeImage(await renderSvg(TEXT.replace('</svg>', `${photo}</svg>`)));
  expect([image.width, image.height]).toEqual([200, 40]);
  const dark = colours(image.rgba).filter((colour) => colour === '0,0,0').length;
  expect(dark).toBeGreaterThan(100);
  expect(colours(image.rgba)[20 * 200 + 180]).toBe('255,0,0');
});

test.runIf(canHide)('text looks the same on a machine without fonts', async () => {
  const code = `
    import { renderSvg } from './src/platform/node/images.ts';
    console.log(Buffer.from(await renderSvg(${JSON.stringify(TEXT)})).toString('base64'));
  `;
  const hide = `
    mount -t tmpfs none /mnt
    for folder in /usr/share/fonts /usr/local/share/fonts /etc/fonts; do
      if [ -d $folder ]; then mount --bind /mnt $folder; fi
    done`;
  const { stdout } = await runInChild(code, { hide, env: { FONTCONFIG_FILE: '' } });
  const bare = await decodeImage(Buffer.from(stdout, 'base64'));
  expect(bare).toEqual(await decodeImage(await renderSvg(TEXT)));
});
