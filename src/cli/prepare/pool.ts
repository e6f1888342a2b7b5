/** Several processes that make shards. */

import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { SampleOptions } from './sample.ts';
import { type Job, type ShardRecord, shardFile } from './shards.ts';
import type { WorkerReport, WorkerTask } from './worker.ts';

export interface PoolOptions {
  readonly workers: number;
  readonly out: string;
  readonly options: SampleOptions;
  /** Ends the work; shards that are whole stay. */
  readonly signal: AbortSignal;
  /** So many more images are done, well or not; fewer, where they must be done again. */
  onImages(more: number): void;
  onShard(number: number, record: ShardRecord): void;
}

/** A job on its way; after a crash its images are done one by one, to find the one to blame. */
interface Run {
  readonly job: Job;
  readonly careful: boolean;
  /** Processes that have ended on it. */
  readonly deaths: number;
}

/**
 * Makes the shards of all jobs. An image on which a process ends twice is reported and left out.
 * @throws Error as soon as one cannot be written; the other processes are ended
 */
export async function runJobs(jobs: readonly Job[], pool: PoolOptions): Promise<void> {
  const queue: Run[] = jobs.map((job) => ({ job, careful: false, deaths: 0 }));
  const count = Math.min(pool.workers, jobs.length);
  // A few more images than cores keep them busy while files are read.
  const abreast = 1 + Math.ceil(availableParallelism() / Math.max(1, count));
  const children = new Set<ChildProcess>();
  const busy = new Set<ChildProcess>();
  const lane = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      let child = [...children].find((idle) => !busy.has(idle) && idle.connected);
      if (!child) children.add((child = startWorker()));
      busy.add(child);
      const left = await runJob(child, run, run.careful ? 1 : abreast, pool);
      busy.delete(child);
      if (!left) continue;
      children.delete(child);
      if (!pool.signal.aborted) queue.unshift(left);
    }
  };
  const end = () => {
    queue.length = 0;
    for (const child of children) child.kill('SIGKILL');
  };
  pool.signal.addEventListener('abort', end);
  try {
    await Promise.all(Array.from({ length: count }, lane));
  } finally {
    end();
  }
}

/** The command line itself, with the same loaders. */
const startWorker = () =>
  fork(process.argv[1]!, ['prepare-worker'], {
    execArgv: process.execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });

/** Runs a job; resolves with what is to be run instead where the process ended in the middle. */
function runJob(
  child: ChildProcess,
  { job, careful, deaths }: Run,
  abreast: number,
  { out, options, onImages, onShard }: PoolOptions,
): Promise<Run | undefined> {
  const done = new Set<string>();
  return new Promise((resolve, reject) => {
    const task: WorkerTask = { job, options, out, abreast };
    let started = false;
    const give = () => {
      started = true;
      child.send(task);
    };
    const end = () => {
      child.off('message', hear);
      child.off('exit', crash);
      child.off('error', reject);
    };
    const hear = (report: WorkerReport) => {
      if (report.kind === 'ready') give();
      else if (report.kind === 'image') {
        done.add(report.name);
        onImages(1);
      } else if (report.kind === 'failed') {
        end();
        reject(new Error(report.message));
      } else {
        end();
        ready.add(child);
        onShard(report.number, report.record);
        resolve(undefined);
      }
    };
    const crash = () => {
      end();
      onImages(-done.size);
      if (deaths === MOST_DEATHS) {
        reject(
          new Error(
            `the processes that make shards end by themselves, on ${shardFile(job.number)} again and again. Is there memory enough? Fewer --workers take less`,
          ),
        );
        return;
      }
      const blamed =
        careful && started
          ? job.items.find(({ name, crashes }) => !crashes && !done.has(name))
          : undefined;
      const items = job.items.map((item) => (item === blamed ? { ...item, crashes: true } : item));
      resolve({ job: { ...job, items }, careful: true, deaths: deaths + 1 });
    };
    child.on('message', hear);
    child.on('exit', crash);
    child.on('error', reject);
    if (ready.has(child)) give();
  });
}

/** Processes that may end on a shard before something else than an image is to blame. */
const MOST_DEATHS = 5;

/** Processes that have said that they are ready. */
const ready = new WeakSet<ChildProcess>();
