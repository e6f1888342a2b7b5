/** `#platform` in Node. */

export { findAdapters, listAdapters } from './adapters.ts';
export { readFile, writeFileAtomic } from './files.ts';
export { decodeImage, encodePng, renderSvg } from './images.ts';
export { readTunings } from './tuning.ts';
