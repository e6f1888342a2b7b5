/** Adapters in a browser: the one that `navigator.gpu` gives. */

import { type Candidate, choose, kindOf } from '../adapters.ts';
import type { AdapterKind, FoundAdapters } from '../types.ts';

const REMEDIES = [
  'use a browser that has WebGPU: Chrome or Edge 113, Safari 26, Firefox 141, or newer',
  'serve the page over https or from localhost: WebGPU is for secure contexts only',
  'turn hardware acceleration on in the settings of the browser',
];

/**
 * The adapter of the browser.
 * @param wanted the only kind to accept
 */
export async function findAdapters(wanted?: AdapterKind | undefined): Promise<FoundAdapters> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  const none = 'gpu' in navigator ? 'the browser has no adapter' : 'the browser has no WebGPU';
  const candidate: Candidate = adapter
    ? { kind: kindOf(adapter.info), name: adapter.info.device, source: 'browser', adapter }
    : { kind: 'hardware', name: '', source: 'browser', refused: none };
  return choose([candidate], wanted, REMEDIES);
}

/** The same: a browser shows no more than one adapter. */
export const listAdapters = findAdapters;
