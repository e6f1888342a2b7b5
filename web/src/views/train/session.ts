/** A run in this tab: steps, judgements and checkpoints, without anything that is seen of them. */

import {
  DeviceLostError,
  type Gpu,
  type RunConfig,
  type Training,
  trainingSteps,
  writeWeights,
} from 'kinegrad';
import { type History, load, type Saved, save } from '../../shell/run_store.ts';
import { type Learner, openLearner } from './learner.ts';
import { type Meter, meter } from './meter.ts';
import type { People } from './people.ts';

export type Phase = 'idle' | 'opening' | 'running' | 'stopping' | 'recovering' | 'done' | 'failed';

export interface Session {
  readonly config: RunConfig;
  readonly history: History;
  readonly phase: Phase;
  /** The step of the last checkpoint; 0 where there is none. */
  readonly savedStep: number;
  readonly rate: number | undefined;
  /** What is being done before the first step, in words. */
  readonly doing: string;
  /** Goes on until the last step, or until it is told to stop. */
  start(): Promise<void>;
  /** Stops after the steps that are under way, and saves. */
  pause(): Promise<void>;
  /** Saves without stopping. */
  save(): Promise<void>;
  /** The weights as they are now, as a file that `loadLifter` takes. */
  weights(): Promise<Uint8Array<ArrayBuffer>>;
  /** Stops, and gives all memory back; what was not saved is lost unless `keep`. */
  close(keep: boolean): Promise<void>;
}

export interface Listener {
  /** Something changed that can be seen. */
  changed(): void;
  /** Something happened that people should hear of. */
  told(text: string): void;
}

/** The run of a name: one that begins, or one that goes on from where it was saved. */
export function createSession(
  openGpu: () => Promise<Gpu>,
  name: string,
  config: RunConfig,
  people: (gpu: Gpu) => Promise<People>,
  listener: Listener,
  saved?: Saved,
): Session {
  const history: History = saved?.history ?? { losses: [], judgements: [], seconds: 0 };
  const clock: Meter = meter();
  let learner: Learner | undefined;
  let gpu: Gpu;
  let savedStep = saved?.snapshot.step ?? 0;
  let phase: Phase = savedStep < config.steps ? 'idle' : 'done';
  let doing = '';
  let wants: 'stop' | 'save' | undefined;
  const wanted = () => wants;
  let running: Promise<void> | undefined;
  let taken: Promise<unknown> | undefined;

  const turn = (next: Phase, what = '') => {
    phase = next;
    doing = what;
    listener.changed();
  };

  async function open(): Promise<Learner> {
    turn('opening', 'Drawing people');
    gpu = await openGpu();
    if (gpu.lost) await gpu.recover();
    const opened = await openLearner(gpu, config, await people(gpu), (done, total) => {
      turn('opening', `Compiling pipeline ${done} of ${total}`);
    });
    const kept = savedStep > 0 ? await load(name) : undefined;
    if (kept) await opened.training.restore(kept.snapshot);
    forgetAfter(opened.training.step);
    return opened;
  }

  /** Everything after a step that is no longer known of. */
  function forgetAfter(step: number) {
    history.losses.length = Math.min(history.losses.length, step);
    history.judgements = history.judgements.filter((judged) => judged.step <= step);
  }

  async function judge(opened: Learner) {
    clock.pause();
    history.judgements.push({ step: opened.training.step, ...(await opened.judge()) });
    listener.changed();
  }

  async function keep(opened: Training) {
    clock.pause();
    const snapshot = await opened.snapshot();
    try {
      await save(name, config, history, snapshot);
      savedStep = snapshot.step;
    } catch (error) {
      // The run is worth more than its checkpoint.
      listener.told((error as Error).message);
    }
    listener.changed();
  }

  async function steps(learner: Learner) {
    const opened = learner.training;
    const { steps, validateEvery } = config;
    const due = (step: number) => step % validateEvery === 0 || step === steps;
    if (opened.step === 0 && history.judgements.length === 0) await judge(learner);
    do {
      if (wants === 'save') wants = undefined;
      turn('running');
      for await (const { step, loss } of trainingSteps(opened, steps, due, () => !!wants)) {
        history.losses[step - 1] = loss;
        history.seconds += clock.tick() / 1000;
        listener.changed();
        if (!due(step)) continue;
        await judge(learner);
        await keep(opened);
      }
      if (opened.step > savedStep) await keep(opened);
      clock.pause();
    } while (wanted() === 'save' && opened.step < steps);
    turn(opened.step >= steps ? 'done' : 'idle');
  }

  /** The steps, going on from the last checkpoint whenever the device is lost. */
  async function run() {
    try {
      learner ??= await open();
      const { training } = learner;
      for (;;) {
        try {
          await steps(learner);
          return;
        } catch (error) {
          if (!(error instanceof DeviceLostError)) throw error;
          const reached = history.losses.length;
          turn('recovering', 'Opening a fresh device');
          await gpu.recover();
          forgetAfter(training.step);
          listener.told(
            `The GPU device was lost at step ${reached}. Training goes on from step ${training.step} on a fresh one.`,
          );
          if (wants === 'stop') return turn('idle');
        }
      }
    } catch (error) {
      // What diverged or broke is no state to go on from: another start takes the last checkpoint.
      const broken = learner?.training;
      learner = undefined;
      await broken?.dispose().catch(() => {});
      turn('failed');
      throw error;
    }
  }

  /** The weights as a file that lifters load. */
  async function weights() {
    const before = phase;
    try {
      // A run of an earlier visit is only on the disk.
      learner ??= await open();
    } finally {
      turn(before);
    }
    const opened = learner.training;
    const { losses, judgements } = history;
    const { mpjpe, paMpjpe, withoutDepth } = judgements.at(-1)!;
    const header = {
      architecture: config.architecture,
      options: opened.options,
      training: { config, step: losses.length, mpjpe, paMpjpe, withoutDepth },
    };
    return new Uint8Array(await writeWeights(header, opened.network, await opened.values()));
  }

  const session: Session = {
    config,
    history,
    get phase() {
      return phase;
    },
    get savedStep() {
      return savedStep;
    },
    get rate() {
      return clock.rate;
    },
    get doing() {
      return doing;
    },
    start() {
      wants = undefined;
      running ??= run().finally(() => {
        running = undefined;
      });
      return running;
    },
    async pause() {
      if (!running) return;
      wants = 'stop';
      if (phase === 'running') turn('stopping');
      await running.catch(() => {});
    },
    async save() {
      if (running) wants ??= 'save';
      else if (learner) await keep(learner.training);
    },
    weights() {
      const made = weights();
      taken = made.catch(() => {});
      return made;
    },
    async close(keepIt) {
      if (keepIt) await session.pause();
      wants = 'stop';
      await running?.catch(() => {});
      // It may be opening what is to be closed.
      await taken;
      await learner?.training.dispose();
      learner = undefined;
    },
  };
  return session;
}
