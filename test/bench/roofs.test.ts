import { expect, test } from 'vitest';
import { type Candidate, roofOf } from '../../bench/measure/roofs.ts';

/** Kernels that move 1e6 bytes; a millisecond for them is 1 GB/s. */
const candidates = ['copy, plain', 'copy, clever', 'triad', 'scale', 'scale, clever'].map(
  (name): Candidate => ({ name, work: 1e6, dispatches: [] }),
);
const fastest: Readonly<Record<string, number>> = {
  'copy, plain': 0.5,
  'copy, clever': 0.25,
  triad: 0.2,
  scale: 0.4,
  'scale, clever': 0.3,
};

/** A machine that takes so many times as long as it could. */
function machine() {
  let busy = 1;
  return {
    makeBusy: (factor: number) => (busy = factor),
    sample: async (subjects: readonly object[], count: number) =>
      subjects.map((subject) =>
        Array<number>(count).fill(busy * fastest[(subject as Candidate).name]!),
      ),
  };
}

test('a roof is that of the best kernel, and knows the best copy, too', async () => {
  const roof = await roofOf(machine(), 'memory', candidates);
  expect(roof.best()).toEqual({ rate: 5, kernel: 'triad' });
  expect(roof.best('copy')).toEqual({ rate: 4, kernel: 'copy, clever' });
});

test('measured again, a roof that a busy moment hit is the one of the quiet moment', async () => {
  const quiet = machine();
  quiet.makeBusy(2);
  const roof = await roofOf(quiet, 'memory', candidates);
  expect(roof.best().rate).toBeCloseTo(2.5);
  quiet.makeBusy(1);
  expect(await roof.again()).toBeCloseTo(5);
  expect(roof.best().rate).toBeCloseTo(5);
  expect(roof.best('copy').rate).toBeCloseTo(4);
});

test('measured again in a busier moment, it stays what it was', async () => {
  const later = machine();
  const roof = await roofOf(later, 'memory', candidates);
  later.makeBusy(3);
  expect(await roof.again()).toBeCloseTo(5 / 3);
  expect(roof.best().rate).toBeCloseTo(5);
});
