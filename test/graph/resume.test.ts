/** The same inputs give the same bits: again, elsewhere, and after a pause. */

import { expect, test } from 'vitest';
import { openGpu } from '../../src/gpu/gpu.ts';
import type { Snapshot } from '../../src/graph/program.ts';
import { bitsOf, openTrainer } from './trainer.ts';

/** Six steps from a seed on a device of their own. */
async function sixSteps(seed: number) {
  await using gpu = await openGpu({ poison: true });
  const { program, train } = await openTrainer(gpu, { seed });
  return { losses: await train(6), bits: bitsOf(await program.snapshot()) };
}

const first = sixSteps(7);

test('two runs are bitwise equal, and another seed gives another', async () => {
  const [one, again, other] = [await first, await sixSteps(7), await sixSteps(8)];
  expect(again).toEqual(one);
  expect(other.losses[0]).not.toBe(one.losses[0]);
  const changed = Object.keys(one.bits.values).filter(
    (name) => one.bits.values[name] !== other.bits.values[name],
  );
  const parts = new Set(changed.map((name) => name.split(' ')[0]));
  for (const set of ['martinez', 'martinez.moment2', 'martinez.average', 'martinez.statistics'])
    expect(parts).toContain(set);
});

test('a run resumed on another device equals the uninterrupted one bitwise', async () => {
  const whole = await first;
  let saved: Snapshot;
  const losses: number[] = [];
  {
    await using gpu = await openGpu();
    const { program, train } = await openTrainer(gpu, { seed: 7 });
    losses.push(...(await train(3)));
    saved = await program.snapshot();
    // What happens after a snapshot does not change it.
    await train(2);
  }
  await using gpu = await openGpu();
  // The seed comes with the snapshot.
  const { program, train } = await openTrainer(gpu, { seed: 99 });
  await program.restore(saved);
  expect(program.count).toBe(3);
  losses.push(...(await train(3)));
  expect(losses).toEqual(whole.losses);
  expect(bitsOf(await program.snapshot())).toEqual(whole.bits);
});

test('restoring goes back, and a snapshot that does not fit changes nothing', async () => {
  await using gpu = await openGpu();
  const { program, train } = await openTrainer(gpu);
  await train(2);
  const saved = await program.snapshot();
  const after = await train(2);
  const now = bitsOf(await program.snapshot());

  const sets = new Map(saved.sets);
  sets.delete('martinez.moment2');
  await expect(program.restore({ ...saved, sets })).rejects.toThrow(
    'restore: the snapshot has no martinez.moment2. Was it saved from another program?',
  );
  const short = new Map([...saved.sets.get('martinez')!, ['output.bias', new Float32Array(3)]]);
  await expect(
    program.restore({ ...saved, sets: new Map([...saved.sets, ['martinez', short]]) }),
  ).rejects.toThrow(/martinez: output.bias holds 12 values, got 3/);
  expect(bitsOf(await program.snapshot())).toEqual(now);

  await program.restore(saved);
  expect(bitsOf(await program.snapshot())).toEqual(bitsOf(saved));
  expect(await train(2)).toEqual(after);
});
