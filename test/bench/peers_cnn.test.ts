/** The training step that engines are compared in: its gradients, and how differences are seen. */

import { expect, test } from 'vitest';
import { gradientError, viewProblem } from '../../bench/peers/cnn_problem.ts';
import { engine } from '../../bench/peers/kinegrad.ts';
import { joined } from '../../bench/peers/layouts.ts';
import type { ViewJob, ViewWork } from '../../bench/peers/work.ts';
import { COMPILING } from '../check.ts';

const WORK: ViewWork = {
  ...{ kind: 'views', model: 'cnn', pass: 'training', batch: 4, size: 96, width: 10 },
};
const open = await engine.open();
const problem = await viewProblem(WORK);
const job: ViewJob = { kind: 'views', ...problem, judged: true };

async function lossAndGradients(job: ViewJob) {
  const trainer = await open.viewTrainer!(job);
  const values = await trainer.gradients();
  await trainer.close();
  return values;
}

test(
  'the loss falls along the gradient by as much as its length says',
  async () => {
    const values = await lossAndGradients(job);
    const gradient = values.subarray(1);
    const length = Math.sqrt(gradient.reduce((sum, v) => sum + v * v, 0));
    // As little as lets the loss change by 6e-4: f32 tells that, and curvature is no matter.
    const step = 3e-4 / length;
    const shifted = async (by: number) => {
      let at = 0;
      const parameters = problem.parameters.map((each) => {
        const slopes = gradient.subarray(at, at + each.values.length);
        at += each.values.length;
        return { ...each, values: each.values.map((v, i) => v + (by * slopes[i]!) / length) };
      });
      return (await lossAndGradients({ ...job, parameters }))[0]!;
    };
    const slope = ((await shifted(step)) - (await shifted(-step))) / (2 * step);
    expect(Math.abs(slope / length - 1)).toBeLessThan(0.02);
  },
  2 * COMPILING,
);

test('one wrong gradient is seen, however small its parameter, and so is a wrong loss', () => {
  const right = joined([
    Float32Array.of(0.5),
    ...problem.parameters.map(({ values }, i) =>
      values.map((_, k) => (10 ** -(i % 3) * (1 + (k % 3))) / values.length ** 0.5),
    ),
  ]);
  expect(gradientError(problem, right, right)).toBe(0);
  let at = 1;
  for (const { values } of problem.parameters.slice(0, 9)) {
    const wrong = right.slice();
    wrong[at]! *= 1 + 1e-2 * values.length ** 0.5;
    expect(gradientError(problem, wrong, right)).toBeGreaterThan(1e-3);
    at += values.length;
  }
  const wrong = right.slice();
  wrong[0]! *= 1.001;
  expect(gradientError(problem, wrong, right)).toBeCloseTo(1e-3, 5);
});

test(
  'steps of training follow one another, and learn the views by heart',
  async () => {
    const trainer = await open.viewTrainer!({ ...job, judged: false });
    await trainer.step();
    const first = await trainer.loss();
    for (let i = 0; i < 20; i++) await trainer.step();
    expect(await trainer.loss()).toBeLessThan(0.9 * first);
    await trainer.close();
  },
  COMPILING,
);
