/** Images in a browser, by its canvas. */

import type { Image } from '../types.ts';

/** The pixels of an image file as sRGB, turned upright by its EXIF orientation. */
export async function decodeImage(bytes: Uint8Array): Promise<Image> {
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]), {
    imageOrientation: 'from-image',
    premultiplyAlpha: 'none',
  });
  const { width, height } = bitmap;
  const context = canvas(width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, rgba: new Uint8Array(context.getImageData(0, 0, width, height).data) };
}

/** The bytes of a PNG file. */
export async function encodePng({ width, height, rgba }: Image): Promise<Uint8Array> {
  const context = canvas(width, height);
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
  const blob = await context.canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
}

/** Draws an SVG picture. @returns a PNG file */
export async function renderSvg(svg: string): Promise<Uint8Array> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    // Browsers make no bitmap of an SVG file directly.
    const element = new window.Image();
    element.src = url;
    await element.decode();
    const context = canvas(element.naturalWidth, element.naturalHeight);
    context.drawImage(element, 0, 0);
    const blob = await context.canvas.convertToBlob({ type: 'image/png' });
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}

function canvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error(`The browser has no canvas of ${width} x ${height} pixels.`);
  return context;
}
