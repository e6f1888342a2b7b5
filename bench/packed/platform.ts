/** `#platform` of the packed bench, which is there for GPUs: it says when it measures none. */

import { existsSync } from 'node:fs';
import { findAdapters as find } from '../../src/platform/node/index.ts';
import type { AdapterKind, FoundAdapters } from '../../src/platform/types.ts';

export * from '../../src/platform/node/index.ts';

let told = false;

/** As the engine finds them, with a line on stderr where the best that there is is no hardware. */
export async function findAdapters(wanted?: AdapterKind): Promise<FoundAdapters> {
  const found = await find(wanted);
  const chosen = found.reports.find((report) => report.chosen);
  const isWanted = wanted ?? process.env.KINEGRAD_ADAPTER;
  if (chosen && chosen.kind !== 'hardware' && !isWanted && !told) {
    told = true;
    const why = found.reports.find(({ kind }) => kind === 'hardware')?.why ?? 'none was found';
    console.error(
      `bench: there is no hardware adapter: ${why}${hint()}. ` +
        `What follows is measured on software, ${chosen.name}`,
    );
  }
  return found;
}

/** NVIDIA's container runtime leaves Vulkan out unless it is told otherwise. */
const hint = () =>
  existsSync('/dev/nvidiactl')
    ? ', though there is a GPU of NVIDIA; if this is a container, start it with ' +
      'NVIDIA_DRIVER_CAPABILITIES=all'
    : '';
