/**
 * `--tune`: measures the variants at the shapes of the shipped models, or of some cases of the bench,
 * and keeps what it finds.
 */

import { openGpu } from '../src/gpu/gpu.ts';
import { choiceKey } from '../src/kernels/tuning.ts';
import { writeFileAtomic } from '../src/platform/node/files.ts';
import { writeTuning } from '../src/platform/node/tuning.ts';
import { type TuningEntry, tuningText } from '../src/platform/tuning.ts';
import type { AdapterKind } from '../src/platform/types.ts';
import { openSampler } from './measure/sampler.ts';
import { plainTable } from './report/plain_table.ts';
import { figures } from './report/table.ts';
import { benchChoices } from './tune/shapes.ts';
import { tune } from './tune.ts';

export interface TuneCommandOptions {
  readonly adapter?: AdapterKind;
  /** Tune what these cases of the bench run, and keep what was measured of others before. */
  readonly filter?: string;
  /** Where the database is written, besides the cache folder, to be committed or shipped. */
  readonly json?: string;
}

/** Tunes, prints what won, and writes the database; true where every variant could be timed. */
export async function tuneCommand({ adapter, filter, json }: TuneCommandOptions): Promise<boolean> {
  const gpu = await openGpu({ adapter });
  try {
    const sampler = await openSampler(gpu);
    const choices = filter === undefined ? undefined : await benchChoices(gpu, filter);
    const { database: measured, failures } = await tune({
      gpu,
      ...(choices && { choices }),
      measure: sampler.sample,
      onProgress: ({ done, total, entry: { family, shape, variant, us, beat = {} } }) => {
        const second = Object.entries(beat).toSorted(([, a], [, b]) => a - b)[0];
        const than = second ? `, ${figures(second[1] / us)}x as fast as ${second[0]}` : '';
        console.error(`${done}/${total} ${family} ${shape.join()}: ${variant}${than}`);
      },
    });
    sampler.dispose();
    const rows = measured.entries.map(({ family, shape, variant, us, beat = {} }) => [
      family,
      shape.join(),
      variant,
      figures(us),
      Object.entries(beat)
        .toSorted(([, a], [, b]) => a - b)
        .map(([name, time]) => `${name} ${figures(time)}`)
        .join(', '),
    ]);
    console.log(plainTable(['family', 'shape', 'fastest', 'us', 'others, us'], rows, 3));
    for (const { family, shape, variant, why } of failures)
      console.log(`FAILED: ${family} ${shape.join()} ${variant}: ${why}`);
    const before = filter === undefined ? [] : gpu.tuning.entries;
    const text = tuningText({
      ...measured,
      entries: [...others(before, measured.entries), ...measured.entries],
    });
    console.log(
      `${await writeTuning(measured.adapter.name, text)} is written: programs use it now`,
    );
    if (json) {
      await writeFileAtomic(json, text);
      console.log(`${json} is written`);
    }
    return failures.length === 0;
  } finally {
    gpu.close();
  }
}

/** Entries of choices that were not measured again. */
const others = (before: readonly TuningEntry[], now: readonly TuningEntry[]) => {
  const again = new Set(now.map(({ family, shape }) => choiceKey(family, shape)));
  return before.filter(({ family, shape }) => !again.has(choiceKey(family, shape)));
};
