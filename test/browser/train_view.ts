/** What a visitor does in the view Train, and what it has saved. */

import type { BrowserContextOptions, Page } from 'playwright-core';
import { readCheckpoint } from '../../src/train/checkpoint.ts';
import type { Judgement } from '../../web/src/shell/run_store.ts';
import type { OpenedSite } from './site.ts';

export const SETTING = { width: 32, batch: 32, rate: 4e-3, steps: 100 };
type Setting = Partial<typeof SETTING> & {
  architecture?: 'martinez' | 'cnn';
  size?: number;
  limit?: number;
};

export async function openTrain(site: OpenedSite, options?: BrowserContextOptions) {
  const { page, calm } = await site.open('train', options);
  await ready(page);
  return { page, calm };
}
export const ready = (page: Page) => page.waitForSelector('[data-act=go]');

export async function choose(page: Page, setting: Setting) {
  for (const [name, value] of Object.entries(setting))
    await page.selectOption(`select[name=${name}]`, String(value));
}
export const click = (page: Page, act: 'go' | 'reset') => page.click(`[data-act=${act}]`);
/** Waits for words of the status, which the view tells to screen readers, too. */
export const says = (page: Page, words: RegExp) =>
  page.waitForFunction(
    ([source]) => new RegExp(source!).test(document.querySelector('.status')?.textContent ?? ''),
    [words.source],
    { polling: 20 },
  );
export const status = (page: Page) => page.textContent('.status');

/** The checkpoint in the page's private files, as Node reads it; undefined where there is none. */
export async function savedRun(page: Page, run = 'Run 1') {
  const bytes = await page.evaluate(async (run) => {
    try {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('train');
      const file = await (await folder.getFileHandle(`${run}.safetensors`)).getFile();
      return [...new Uint8Array(await file.arrayBuffer())];
    } catch {
      return undefined;
    }
  }, run);
  if (!bytes) return undefined;
  const { snapshot, about } = readCheckpoint(Uint8Array.from(bytes));
  const { history } = about as {
    history: { losses: number[]; judgements: Judgement[]; seconds: number };
  };
  return { step: snapshot.step, ...history };
}
