/** A process that makes shards for another one, which tells it what by messages. */

import type { PackedSample } from '../../data/shards/shard.ts';
import { oneThreadEach } from '../../platform/node/photos.ts';
import { makeSample, type PrepareItem, type SampleOptions } from './sample.ts';
import { type Job, type LeftOut, type ShardRecord, saveShard } from './shards.ts';

/** What a worker is told to do. */
export interface WorkerTask {
  readonly job: Job;
  readonly options: SampleOptions;
  readonly out: string;
  /** Images to work on at once. */
  readonly abreast: number;
}

/** What a worker tells. */
export type WorkerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'image'; readonly name: string }
  | { readonly kind: 'shard'; readonly number: number; readonly record: ShardRecord }
  | { readonly kind: 'failed'; readonly message: string };

const tell = (report: WorkerReport) => process.send?.(report);

/** Takes tasks until the process that gives them has gone. */
export async function runWorker(): Promise<void> {
  if (!process.send)
    throw new Error('prepare-worker is started by kinegrad prepare, not by hand. Run that');
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of the terminal; the one that gives the tasks decides.
  process.on('SIGINT', () => {});
  process.on('message', (task: WorkerTask) => {
    perform(task).catch((error) => tell({ kind: 'failed', message: (error as Error).message }));
  });
  await oneThreadEach();
  tell({ kind: 'ready' });
}

async function perform({ job, options, out, abreast }: WorkerTask): Promise<void> {
  const made: (PackedSample | LeftOut)[] = [];
  let next = 0;
  const lane = async () => {
    while (next < job.items.length) {
      const i = next++;
      const item = job.items[i]!;
      made[i] = await attempt(item, options);
      tell({ kind: 'image', name: item.name });
    }
  };
  await Promise.all(Array.from({ length: abreast }, lane));
  const broken = made.filter((one): one is LeftOut => 'reason' in one);
  const samples = made.filter((one): one is PackedSample => !('reason' in one));
  tell({
    kind: 'shard',
    number: job.number,
    record: await saveShard(out, job, options, samples, broken),
  });
}

async function attempt(item: PrepareItem, options: SampleOptions): Promise<PackedSample | LeftOut> {
  const { name, crashes } = item;
  if (crashes) return { name, reason: 'decoding it ends the process' };
  try {
    return await makeSample(item, options);
  } catch (error) {
    // sharp's messages have several lines where a file has several faults
    const [reason] = (error as Error).message.split('\n');
    return { name, reason: reason!.replace(/\.$/, '') };
  }
}
