/** What stands in the place of a view that cannot be: what happened, and what to do. */

import { h } from '../parts/dom.ts';

interface Advice {
  readonly browser: string;
  readonly steps: readonly (string | readonly [before: string, code: string, after: string])[];
}

const HARDWARE = ['Open ', 'chrome://gpu', ' to see why the GPU is off, if it still is.'] as const;

/** What to do in a browser, told by how it names itself. */
export function adviceFor(agent: string): Advice {
  if (/Firefox|FxiOS/.test(agent))
    return {
      browser: 'Firefox',
      steps: [
        'Update to Firefox 141 on Windows, or 145 on a Mac with Apple silicon, or newer.',
        ['Elsewhere open ', 'about:config', ', set dom.webgpu.enabled to true, and restart.'],
        'Or use Chrome or Edge.',
      ],
    };
  if (/iPhone|iPad/.test(agent))
    return { browser: 'Safari on iOS', steps: ['Update to iOS or iPadOS 26, or newer.'] };
  if (/Android/.test(agent))
    return {
      browser: 'Chrome on Android',
      steps: ['Update Chrome to 121 or newer; it needs Android 12 on most devices.'],
    };
  if (/Linux/.test(agent))
    return {
      browser: 'Chrome on Linux',
      steps: [
        ['Open ', 'chrome://flags/#enable-unsafe-webgpu', ', enable it, and restart.'],
        ['Or start it with ', '--enable-unsafe-webgpu --enable-features=Vulkan', '.'],
        HARDWARE,
      ],
    };
  if (/Safari/.test(agent) && !/Chrom|Edg/.test(agent))
    return {
      browser: 'Safari',
      steps: ['Update to Safari 26, which macOS Sonoma and newer can have, or use Chrome.'],
    };
  return {
    browser: 'Chrome or Edge',
    steps: [
      'Update the browser to 113 or newer.',
      'Turn on graphics acceleration in Settings, System, and restart.',
      HARDWARE,
    ],
  };
}

/** Where WebGPU is missing: what to do, by browser. */
export function missing(error: Error, retry: () => void): HTMLElement {
  const { browser, steps } = adviceFor(navigator.userAgent);
  return failed(
    'This page needs WebGPU',
    error,
    retry,
    h('h2', {}, `What to do in ${browser}`),
    h(
      'ol',
      {},
      ...steps.map((step) =>
        typeof step === 'string'
          ? h('li', {}, step)
          : h('li', {}, step[0], h('code', {}, step[1]), step[2]),
      ),
    ),
    h(
      'p',
      { class: 'muted' },
      'Everything runs in this tab on your own graphics card, which WebGPU opens to pages. No picture leaves it.',
    ),
  );
}

/** Where anything else that a view needs did not come. */
export const failed = (
  title: string,
  error: unknown,
  retry: () => void,
  ...advice: HTMLElement[]
): HTMLElement =>
  h(
    'section',
    { class: 'notice panel', role: 'alert' },
    h('h1', {}, title),
    h('p', {}, error instanceof Error ? error.message : String(error)),
    ...advice,
    h('button', { class: 'button primary', onclick: retry }, 'Try again'),
  );
