/**
 * The transformer lifter of Calda et al.: the smaller of its family by default, on views of 128
 * pixels in patches of 16, heatmaps of 64 in patches of 8; `--width 768` is the full size, on views of
 * 384 pixels.
 */

import { vit as network, type VitOptions } from '../../src/models/vit.ts';
import { viewsModel } from './views.ts';

/** From this width on the sizes are the paper's. */
const FULL = 768;
const HEAD = 32;
const WIDTH = 192;

const sizeOf = ({ width = WIDTH }: { readonly width?: number | undefined }) =>
  width < FULL ? 128 : 384;

export const vit = viewsModel({ batch: 4, size: sizeOf }, ({ width = WIDTH, size }) => {
  const small: VitOptions = {
    size,
    width,
    depth: 4,
    heads: width / HEAD,
    mapPatch: 8,
    fusion: 1,
    encoder: 2,
    encoderHeads: width / HEAD,
  };
  const options: VitOptions = width < FULL ? small : { width, size };
  const { depth = 12, fusion = 2, encoder = 4 } = options;
  return {
    network: network(options),
    words: `width ${width}, ${depth} blocks, ${fusion} of fusion, ${encoder} of both`,
  };
});
