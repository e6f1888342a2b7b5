/** The order of steps and pauses in a training. */

import type { StepReport, Training } from './training.ts';

/** Steps that are queued and not reported: one runs while the batch of the next is drawn. */
const AHEAD = 2;
/** Skipped steps in a row whose loss is no number. */
const PATIENCE = 30;

/**
 * Runs steps up to `steps` and yields the report of each. After a step for which `pausesAfter`
 * holds, and after `stopped` does, nothing is queued until the caller asks for more: validation and
 * checkpoints see the state of that very step.
 */
export async function* trainingSteps(
  training: Pick<Training, 'step' | 'next'>,
  steps: number,
  pausesAfter: (step: number) => boolean,
  stopped: () => boolean,
): AsyncGenerator<StepReport> {
  const queue: Promise<StepReport>[] = [];
  let queued = training.step;
  let reported = queued;
  let broken = 0;
  for (;;) {
    const waits = () => queued > reported && pausesAfter(queued);
    while (queue.length < AHEAD && queued < steps && !waits() && !stopped()) {
      const report = training.next();
      // It is awaited in its turn; a failure before that must not count as unhandled.
      report.catch(() => {});
      queue.push(report);
      queued++;
    }
    const report = await queue.shift();
    if (!report) return;
    reported = report.step;
    const finite = Number.isFinite(report.loss);
    broken = finite ? 0 : broken + 1;
    // A scale of the loss skips steps that are too large for halves; a network that gives nothing else has diverged.
    if (!finite && (report.lossScale === undefined || broken > PATIENCE))
      throw new Error(
        `the training diverged: the loss of step ${report.step} is ${report.loss}. Use a lower rate (it was ${report.rate.toPrecision(2)}) or a smaller clip`,
      );
    yield report;
  }
}
