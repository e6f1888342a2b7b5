/** Adapters in a browser: the one that `navigator.gpu` gives. */

import { choose, kindOf } from '../adapters.ts';
import { BlockedError, NoAdapterError, NoWebGpuError } from '../errors.ts';
import type { AdapterKind, FoundAdapters } from '../types.ts';

/**
 * The adapter of the browser.
 * @param wanted the only kind to accept
 * @throws NoWebGpuError, BlockedError, NoAdapterError
 */
export async function findAdapters(wanted?: AdapterKind | undefined): Promise<FoundAdapters> {
  // Where a page is no secure context, browsers hide WebGPU as if they had none.
  if (!globalThis.isSecureContext)
    throw new BlockedError(
      'WebGPU is blocked on this page, since it did not come over https. Serve it over https, or from localhost.',
    );
  if (!navigator.gpu) throw new NoWebGpuError();
  const adapter = await navigator.gpu
    .requestAdapter({ powerPreference: 'high-performance' })
    .catch((error: Error) => {
      throw new BlockedError(
        `WebGPU is blocked by a policy of this page or browser (${error.message}). Allow it in its settings.`,
        { cause: error },
      );
    });
  if (!adapter)
    throw new NoAdapterError(
      [],
      [],
      'The browser found no graphics adapter for WebGPU. Turn on hardware acceleration in its settings, or update the graphics driver.',
    );
  const kind = kindOf(adapter.info);
  return choose([{ kind, name: adapter.info.device, source: 'browser', adapter }], wanted, []);
}

/** The same: a browser shows no more than one adapter. */
export const listAdapters = findAdapters;
