/** `#platform` in Node. */

export { findAdapters, listAdapters } from './adapters.ts';
export { listFiles, openFile, readFile, removeFile, writeFileAtomic } from './files.ts';
export { decodeImage, encodePng, renderSvg } from './images.ts';
export { readTunings } from './tuning.ts';
