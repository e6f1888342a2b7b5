import { expect, test } from 'vitest';
import { trainingSteps } from '../../src/train/loop.ts';

/** A training whose steps take a turn of the event loop and record when they were queued. */
function fake(losses: readonly number[]) {
  const events: string[] = [];
  let queued = 0;
  return {
    events,
    step: 0,
    async next() {
      const step = ++queued;
      events.push(`queue ${step}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { step, loss: losses[step - 1]!, gradientNorm: 1, rate: 0.1 };
    },
  };
}

test('one step runs while the next is queued, and nothing beyond a pause', async () => {
  const training = fake([5, 4, 3, 2, 1]);
  for await (const { step } of trainingSteps(
    training,
    5,
    (s) => s === 3,
    () => false,
  ))
    training.events.push(`report ${step}`);
  expect(training.events).toEqual([
    'queue 1',
    'queue 2',
    'report 1',
    'queue 3',
    'report 2',
    'report 3',
    'queue 4',
    'queue 5',
    'report 4',
    'report 5',
  ]);
});

test('when stopped, the steps that are queued are reported and no more are made', async () => {
  const training = fake([5, 4, 3, 2, 1]);
  let reported = 0;
  for await (const { step } of trainingSteps(
    training,
    5,
    () => false,
    () => reported >= 2,
  ))
    reported = step;
  expect(reported).toBe(3);
});

test('a loss that is no number ends it with the step, the rate and what to do', async () => {
  const seen: number[] = [];
  const run = async () => {
    const steps = trainingSteps(
      fake([5, Number.NaN, 3]),
      3,
      () => false,
      () => false,
    );
    for await (const { step } of steps) seen.push(step);
  };
  await expect(run()).rejects.toThrow(
    /diverged: the loss of step 2 is NaN.*lower rate \(it was 0.10\)/,
  );
  expect(seen).toEqual([1]);
});
