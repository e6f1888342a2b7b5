/** The process of an engine that runs in Node: does what `connection.ts` asks for, in turn. */

import { type Answer, CannotError, type Request } from './connection.ts';
import type { Engine, OpenEngine } from './engine.ts';
import { type Job, opName, type ViewJob } from './work.ts';

/** A job that can be run: as a chain of calls, as steps of training, or as one inference. */
interface Prepared {
  readonly notes: readonly string[];
  run(length: number): Promise<Float32Array>;
  inOrder?(y: Float32Array): Float32Array;
  close(): void | Promise<void>;
}

let engine: Engine | undefined;
let open: OpenEngine | undefined;
const jobs = new Map<string, Prepared>();

async function answer(request: Request): Promise<Answer> {
  if (request.ask === 'open') {
    ({ engine } = (await import(request.file)) as { engine: Engine });
    open = await engine.open();
    return { answer: 'opened', title: engine.title, adapter: open.adapter };
  }
  const { name } = request;
  if (request.ask === 'prepare') {
    const start = performance.now();
    const made = await prepare(open!, request.job);
    if (typeof made === 'string') return { answer: 'cannot', why: made };
    jobs.set(name, made);
    const notes = [`on ${open!.adapter}`, ...made.notes];
    return { answer: 'prepared', ms: performance.now() - start, notes };
  }
  const job = jobs.get(name);
  if (!job) throw new Error(`There is no job '${name}'.`);
  if (request.ask === 'finish') {
    jobs.delete(name);
    await job.close();
    return { answer: 'finished' };
  }
  const { lengths, repeats, warm, output } = request;
  if (warm) await job.run(lengths[0]!);
  const times_ms: number[][] = [];
  let last: Float32Array = new Float32Array();
  for (let i = 0; i < repeats; i++) {
    const times: number[] = [];
    for (const length of lengths) {
      const start = performance.now();
      last = await job.run(length);
      times.push(performance.now() - start);
    }
    times_ms.push(times);
  }
  return { answer: 'ran', times_ms, ...(output && { output: job.inOrder?.(last) ?? last }) };
}

/** The job, or why this engine cannot do it. */
async function prepare(open: OpenEngine, job: Job): Promise<Prepared | string> {
  if (job.kind === 'op') {
    const chain = await open.op(job);
    return chain ? { ...chain, notes: chain.notes ?? [] } : `it has no ${opName(job.work)}`;
  }
  if (job.kind === 'inference') {
    const { notes = [], run, close } = await open.lifter(job.weights, job.batch);
    return { notes, run: () => run(job.poses), close };
  }
  if (job.kind === 'views') return prepareViews(open, job);
  if (!open.trainer) return 'it has no training';
  const trainer = await open.trainer(job.weights, job.training);
  return {
    notes: trainer.notes ?? [],
    async run(length) {
      for (let i = 0; i < length; i++) await trainer.step(job.poses, job.targets);
      return Float32Array.of(await trainer.loss());
    },
    close: () => trainer.close(),
  };
}

async function prepareViews(open: OpenEngine, job: ViewJob): Promise<Prepared | string> {
  const trainer = await open.viewTrainer?.(job);
  if (!trainer) return `it has no training of the ${job.model}`;
  return {
    notes: trainer.notes ?? [],
    async run(length) {
      if (job.judged) return trainer.gradients();
      for (let i = 0; i < length; i++) await trainer.step();
      return Float32Array.of(await trainer.loss());
    },
    close: () => trainer.close(),
  };
}

let turn: Promise<unknown> = Promise.resolve();
process.on('message', (request: Request) => {
  turn = turn.then(async () => {
    const given = await answer(request).catch(
      (error: Error): Answer => ({
        answer: error instanceof CannotError ? 'cannot' : 'failed',
        why: error.message,
      }),
    );
    process.send!(given);
  });
});
// Nobody is left to ask.
process.on('disconnect', () => process.exit());
