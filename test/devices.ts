/** The devices that the tests of ops run on: whatever the best is, the embedded SwiftShader, and the weakest there may be. */

import { afterAll } from 'vitest';
import type { OpenOptions } from '../src/gpu/gpu.ts';
import { type Gpu, openGpu } from '../src/gpu/gpu.ts';
import { whyNoSwiftShader } from '../src/platform/node/swiftshader.ts';

/** What is not written shows as NaN. */
const poison = true;

export interface TestDevice {
  readonly label: string;
  readonly gpu: Gpu;
}

/**
 * Opens them for one test file and closes them after it. KINEGRAD_ADAPTER leaves one adapter, with all it has and with WebGPU's
 * default limits and no optional feature.
 */
export async function openDevices(options: OpenOptions = {}): Promise<readonly TestDevice[]> {
  const best = await openGpu({ poison, ...options });
  const { kind } = best.adapter;
  const devices: TestDevice[] = [{ label: kind, gpu: best }];
  const open = async (label: string, more: OpenOptions) => {
    devices.push({ label, gpu: await openGpu({ poison, ...options, ...more }) });
  };
  await open(`${kind} at default limits`, { plain: true });
  if (!process.env.KINEGRAD_ADAPTER && kind !== 'swiftshader' && !whyNoSwiftShader())
    await open('swiftshader', { adapter: 'swiftshader' });
  afterAll(() => {
    for (const { gpu } of devices) gpu.close();
  });
  return devices;
}
