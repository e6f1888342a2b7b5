/**
 * Profiles of steps: what the host does, and when the GPU begins and ends with each dispatch.
 *
 * A dispatch is timed in a pass of its own, and a pass costs what a dispatch need not: a driver may
 * wait for all work before it reads the clock (lavapipe: some 25 us). So every other step is timed
 * as a whole, from its first dispatch to its last. In between, a step times as many dispatches as
 * cost a small share of it, the others go together before and after them, and so on with the next.
 * Then all are timed once more in pairs: two alone take longer than together by what timing costs.
 * The whole and the parts thus come from different steps, and nothing makes them agree but truth.
 * Times stay on the GPU until they are asked for.
 */

import { calibrate, type GpuClock } from '../gpu/clock.ts';
import { type Timestamps, timestampsOf } from '../gpu/timestamps.ts';
import type { Program, Read } from './compiled.ts';
import type { Batch } from './inputs.ts';
import { capacityOf, type Due, dueOf, type Focus, type Pass, passesOf, widthOf } from './passes.ts';
import type { Plan } from './plan.ts';
import type { HostPart, Probe } from './recording.ts';
import { type Sample, type Span, type Timeline, timelineOf } from './timeline.ts';

/** The share of a step that timed passes may take, as long as they take empty on an idle device. */
const SHARE = 0.03;
/** Steps that tell how long one takes, before any dispatch is timed alone. */
const FIRST_STEPS = 2;
/** How often {@link profile} times every dispatch, at least, and how many steps it runs. */
const ROUNDS = 4;
const STEPS = 10;

/** Profiles the steps of one program, one at a time. {@link openProfiler} makes one. */
export interface Profiler<I, O> {
  /** How often every dispatch has been timed, alone and in a pair. */
  readonly rounds: number;
  /** Runs a step as `program.run` does, to its end. */
  step(batch: Batch<I> | readonly Batch<I>[]): Promise<void>;
  step<K extends keyof O & string>(
    batch: Batch<I> | readonly Batch<I>[],
    options: { read: readonly K[] },
  ): Promise<Read<Pick<O, K>>>;
  /**
   * All steps so far as one.
   * @throws while there are dispatches that have not been timed
   */
  timeline(): Promise<Timeline>;
  /** Gives the query set back; the program stays. */
  dispose(): void;
}

/**
 * Runs steps on a batch, 10 or more, and says where their time goes. They count, and train, as
 * all steps do; to profile a training that goes on with other batches, use {@link openProfiler}.
 */
export async function profile<I, O>(
  program: Program<I, O>,
  batch: Batch<I> | readonly Batch<I>[],
  { read, steps = STEPS }: { read?: readonly (keyof O & string)[]; steps?: number } = {},
): Promise<Timeline> {
  const profiler = openProfiler(program);
  try {
    for (let done = 0; done < steps || profiler.rounds < ROUNDS; done++)
      await (read ? profiler.step(batch, { read }) : profiler.step(batch));
    return await profiler.timeline();
  } finally {
    profiler.dispose();
  }
}

/** A step that was measured, and where the times of its passes are. */
interface Measured extends Span {
  readonly focus: Focus;
  readonly marks: readonly Readonly<Record<HostPart, number>>[];
  readonly passes: readonly Pass[];
  /** Place of the first timed pass in the query set. */
  readonly slot: number;
}

/** What is known of a plan on a device: another plan, or another device, begins anew. */
interface Session {
  readonly device: GPUDevice;
  readonly plan: Plan;
  readonly due: readonly Due[];
  readonly timestamps: Timestamps | undefined;
  readonly clock: GpuClock | undefined;
  readonly samples: Sample[];
  /** Steps whose times have not been read. */
  readonly unread: Measured[];
  /** Passes that those have timed. */
  used: number;
  focus: Focus;
  /** Passes that a step times, and where the next step goes on that does not time the whole. */
  width: number;
  next: { from: number; size: 1 | 2 };
  rounds: number;
}

/**
 * A profiler of a program. Its query set is made with its first step.
 * It takes turns with whoever else runs steps on the device; a step that has to wait shows that.
 */
export function openProfiler<I, O>(program: Program<I, O>): Profiler<I, O> {
  const { gpu } = program;
  let session: Session | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  async function opened(): Promise<Session> {
    const { device } = gpu;
    const { plan } = program;
    if (session?.device === device && session.plan === plan) return session;
    session?.timestamps?.dispose();
    session = undefined;
    const due = dueOf(plan);
    const timestamps = due.length ? timestampsOf(gpu, capacityOf(due.length)) : undefined;
    const clock = timestamps && (await calibrate(gpu, timestamps));
    session = {
      device,
      plan,
      due,
      timestamps,
      clock,
      samples: [],
      unread: [],
      used: 0,
      focus: 'whole',
      width: 0,
      next: { from: 0, size: 1 },
      rounds: 0,
    };
    return session;
  }

  async function measured(
    batch: Batch<I> | readonly Batch<I>[],
    { read }: { read?: readonly (keyof O & string)[] } = {},
  ): Promise<unknown> {
    const s = await opened();
    const { focus } = s;
    const passes = passesOf(s.due, focus);
    const timed = passes.filter(({ times }) => times).length;
    if (s.used + timed > (s.timestamps?.capacity ?? Infinity)) await readTimes(gpu, s);
    const { probe, marks, done } = watch(s, passes, !read?.length);
    const begin = performance.now();
    let result: unknown;
    // What is read comes when the step is done.
    if (read?.length) result = await program.run(batch, { read, probe });
    else {
      await program.run(batch, { probe });
      await gpu.settled(done());
    }
    const end = performance.now();
    s.unread.push({ begin, end, focus, marks, passes, slot: s.used });
    s.used += timed;
    advance(s);
    return result;
  }

  return {
    get rounds() {
      return session?.rounds ?? 0;
    },
    step: ((batch, options) => inTurn(() => measured(batch, options))) as Profiler<I, O>['step'],
    timeline: () =>
      inTurn(async () => {
        const s = await opened();
        if (s.rounds === 0)
          throw new Error(
            `profile: ${s.unread.length + s.samples.length} steps have not timed each of the ${s.due.length} dispatches. Run more steps, until rounds is 1 or more`,
          );
        await readTimes(gpu, s);
        return timelineOf(s.samples, s.due, s.clock);
      }),
    dispose: () => {
      session?.timestamps?.dispose();
      session = undefined;
    },
  };
}

/** What watches one step of these passes, and, if somebody waits for that, its end. */
function watch({ device, timestamps, used }: Session, passes: readonly Pass[], waits: boolean) {
  const marks: Record<HostPart, number>[] = [];
  let finished: Promise<unknown> = Promise.resolve();
  let at = 0;
  let slot = used;
  const probe: Probe = {
    mark(part) {
      if (part === 'write') marks.push({ write: 0, encode: 0, submit: 0, wait: 0 });
      marks.at(-1)![part] = performance.now();
      if (part !== 'wait' || !waits) return;
      finished = device.queue.onSubmittedWorkDone();
      // Whoever waits for it hears of a failure.
      finished.catch(() => {});
    },
    encode(encoder, dispatches) {
      for (let i = 0; i < dispatches.length; ) {
        const { count, times } = passes[at++]!;
        const timestampWrites = times && timestamps?.writes(slot++, times);
        const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
        for (const dispatch of dispatches.slice(i, i + count)) dispatch.run(pass);
        pass.end();
        i += count;
      }
    },
  };
  return { probe, marks, done: () => finished };
}

/** Chooses what the next step times: the whole and a part in turns, one part after another. */
function advance(s: Session) {
  const { clock, due, unread, samples, focus } = s;
  const steps = unread.length + samples.length;
  if (!clock) {
    s.rounds = steps;
    return;
  }
  if (focus !== 'whole' && focus.size === 2 && focus.to >= due.length) s.rounds++;
  if (steps < FIRST_STEPS) return;
  if (s.width === 0) {
    const fastest = Math.min(...unread.map(({ begin, end }) => end - begin));
    // A coarse clock may say that a pass costs nothing.
    s.width = widthOf(due.length, (SHARE * fastest) / Math.max(1e-6, clock.passCost));
  }
  if (focus !== 'whole') {
    s.focus = 'whole';
    return;
  }
  const { from, size } = s.next;
  const to = from + size * s.width;
  s.focus = { from, to, size };
  s.next = to < due.length ? { from: to, size } : { from: 0, size: size === 1 ? 2 : 1 };
}

/** Reads the times of all steps that wait for it. */
async function readTimes(gpu: Program<unknown, unknown>['gpu'], s: Session): Promise<void> {
  const { timestamps, clock, unread } = s;
  let times: { begin: number; end: number }[] = [];
  if (timestamps && clock && s.used > 0) {
    const encoder = gpu.device.createCommandEncoder();
    timestamps.resolve(encoder, s.used);
    gpu.submit(encoder);
    const clocked = await timestamps.read(s.used);
    times = Array.from({ length: s.used }, (_, i) => ({
      begin: clock.toHost(clocked[2 * i]!),
      end: clock.toHost(clocked[2 * i + 1]!),
    }));
  }
  for (const { slot, passes, ...measured } of unread) {
    const read = passes
      .filter((pass) => pass.times && times.length > 0)
      .map((pass, i) => ({ ...pass, ...times[slot + i]! }));
    s.samples.push(fitted({ ...measured, passes: read }));
  }
  unread.length = 0;
  s.used = 0;
}

/**
 * Moves the GPU's times to within the step, where its clock has drifted since it was set: it begins
 * after the submit is asked for, and ends before the host knows.
 */
function fitted(sample: Sample): Sample {
  const { passes, marks, end } = sample;
  if (passes.length === 0) return sample;
  const least = marks[0]!.submit - passes[0]!.begin;
  const last = passes.at(-1)!;
  const most = end - (last.times === 'both' ? last.end : last.begin);
  const shift = Math.max(least, Math.min(0, most));
  if (shift === 0) return sample;
  const moved = passes.map((pass) => ({
    ...pass,
    begin: pass.begin + shift,
    end: pass.end + shift,
  }));
  return { ...sample, passes: moved };
}
