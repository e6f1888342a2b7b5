/** The picture of a run: its losses and errors over the steps. */

import { renderSvg } from '#platform';
import { trainingCurve } from '../picture/curve.ts';
import { svgDocument } from '../picture/svg.ts';
import { isViewConfig } from '../train/run_config.ts';
import type { RunFolder } from './run_folder.ts';

/** Draws the log of a run as `curve.png` in its folder. */
export async function drawCurve({
  log,
  config,
  write,
}: Pick<RunFolder, 'log' | 'config' | 'write'>): Promise<void> {
  const entries = log.map(({ step, loss, rate, mpjpe }) => ({
    step,
    rate,
    ...(config.loss === 'joints' ? { trainMpjpe: loss } : { loss }),
    ...(mpjpe !== undefined && { validationMpjpe: mpjpe }),
  }));
  const size = isViewConfig(config) ? `views of ${config.size} pixels` : `width ${config.width}`;
  const title = `${config.architecture}, ${size}, batches of ${config.batch}`;
  await write('curve.png', await renderSvg(svgDocument(trainingCurve(entries, title))));
}
