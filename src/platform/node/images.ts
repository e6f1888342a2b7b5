/** Images in Node, by the npm package `sharp`. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Image } from '../types.ts';
import { cacheFolder } from './cache.ts';
import { writeFileAtomic } from './files.ts';

/**
 * The pixels of a JPEG, PNG, WebP, AVIF, GIF or TIFF file as sRGB, turned upright by its EXIF
 * orientation.
 * @throws when the package `sharp` is missing or the bytes are no image
 */
export async function decodeImage(bytes: Uint8Array): Promise<Image> {
  const sharp = await loadSharp();
  try {
    const { data, info } = await sharp(bytes)
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgba: new Uint8Array(data) };
  } catch (error) {
    throw new Error(`The image could not be decoded: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/**
 * Draws an SVG picture.
 * @returns a PNG file. Text is set in PT Sans, the same on every machine, unless the SVG names
 *   another family that is installed
 * @throws when the package `sharp` is missing or the text is no SVG
 */
export async function renderSvg(svg: string): Promise<Uint8Array> {
  const sharp = await loadSharp();
  try {
    // Photos inside the picture make it longer than the limit that sharp sets for untrusted SVG.
    return await sharp(new TextEncoder().encode(svg), { unlimited: true }).png().toBuffer();
  } catch (error) {
    throw new Error(`The SVG could not be drawn: ${(error as Error).message}.`, { cause: error });
  }
}

/** The bytes of a PNG file. */
export async function encodePng({ width, height, rgba }: Image): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

/** A PNG file with at most 256 colours, a third of the bytes: enough for pictures in documents. */
export async function fewColours(png: Uint8Array): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(png).png({ palette: true, effort: 8 }).toBuffer();
}

/** The package, or a sentence on how to get it. */
export async function loadSharp(): Promise<typeof import('sharp')['default']> {
  // Fontconfig, inside sharp, reads this when it first draws text.
  process.env.FONTCONFIG_FILE ||= await fontsFile();
  try {
    return (await import('sharp')).default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      throw new Error('Node needs the package sharp for images: run npm install sharp.');
    }
    throw new Error(`The package sharp did not load: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Where PT Sans is: beside the built command line, else in the package that it is built with. */
function fontFolders(): string[] {
  const built = fileURLToPath(new URL('fonts', import.meta.url));
  if (existsSync(built)) return [built];
  const require = createRequire(import.meta.url);
  const font = dirname(require.resolve('@expo-google-fonts/pt-sans/package.json'));
  return [join(font, '400Regular'), join(font, '700Bold')];
}

/**
 * A fontconfig file that adds our font to those of the system, of which there may be none.
 */
async function fontsFile(): Promise<string> {
  const cache = await cacheFolder();
  const text = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
${fontFolders()
  .map((folder) => `  <dir>${xml(folder)}</dir>`)
  .join('\n')}
  <cachedir>${xml(join(cache, 'fontconfig'))}</cachedir>
  <match target="pattern">
    <test name="family"><string>sans-serif</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>PT Sans</string></edit>
  </match>
</fontconfig>
`;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const path = join(cache, `fonts-${hash}.conf`);
  await access(path).catch(() => writeFileAtomic(path, text));
  return path;
}

const xml = (path: string) => path.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
