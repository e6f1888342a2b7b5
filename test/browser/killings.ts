/** Ways in which a page loses its device, which it has put into `window.device`. */

import type { Page } from 'playwright-core';

export type WindowWithDevice = { device?: GPUDevice } & typeof globalThis;

export const KILLINGS: [string, (page: Page) => Promise<void>][] = [
  [
    'its device is destroyed',
    (page) => page.evaluate(() => (window as WindowWithDevice).device!.destroy()),
  ],
  // What chrome://gpucrash does, which headless browsers do not have.
  [
    'the GPU process crashes',
    async (page) => {
      const session = await page.context().browser()!.newBrowserCDPSession();
      await session.send('Browser.crashGpuProcess');
    },
  ],
];
