/** A run in this tab: steps, judgements and checkpoints, without anything that is seen of them. */

import {
  bodySource,
  DeviceLostError,
  type Gpu,
  type LifterConfig,
  type LifterTraining,
  openTraining,
  trainingSteps,
  writeWeights,
} from 'kinegrad';
import { type Meter, meter } from './meter.ts';
import { drawPeople, PEOPLE, type People } from './people.ts';
import { type History, load, type Saved, save } from './store.ts';

export type Phase = 'idle' | 'opening' | 'running' | 'stopping' | 'recovering' | 'done' | 'failed';

/** Poses of an epoch, and poses that judge: other people, and fewer than the command line takes. */
const TRAINED = 50_000;
const JUDGED = 128;

export interface Session {
  readonly config: LifterConfig;
  readonly history: History;
  readonly phase: Phase;
  /** The step of the last checkpoint; 0 where there is none. */
  readonly savedStep: number;
  readonly rate: number | undefined;
  /** What is being done before the first step, in words. */
  readonly doing: string;
  readonly people: People;
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

/** The people that every run of this page is judged by. */
const judgesOf = ({ seed }: LifterConfig) => bodySource({ seed: seed + 1, count: JUDGED });

/** Those of them that the page shows. */
export const shownPeople = (config: LifterConfig): People => drawPeople(judgesOf(config), config);

/** The run of a name: one that begins, or one that goes on from where it was saved. */
export function createSession(
  openGpu: () => Promise<Gpu>,
  name: string,
  config: LifterConfig,
  listener: Listener,
  saved?: Saved,
): Session {
  const data = {
    train: bodySource({ seed: config.seed, count: TRAINED }),
    validation: judgesOf(config),
  };
  const people = shownPeople(config);
  const history: History = saved?.history ?? { losses: [], judgements: [], seconds: 0 };
  const clock: Meter = meter();
  let training: LifterTraining | undefined;
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

  async function open(): Promise<LifterTraining> {
    turn('opening', 'Drawing people to measure the data by');
    gpu = await openGpu();
    if (gpu.lost) await gpu.recover();
    const opened = await openTraining(gpu, config, data, (done, total) => {
      turn('opening', `Compiling pipeline ${done} of ${total}`);
    });
    const kept = savedStep > 0 ? await load(name) : undefined;
    if (kept) await opened.restore(kept.snapshot);
    forgetAfter(opened.step);
    return opened;
  }

  /** Everything after a step that is no longer known of. */
  function forgetAfter(step: number) {
    history.losses.length = Math.min(history.losses.length, step);
    history.judgements = history.judgements.filter((judged) => judged.step <= step);
  }

  async function judge(opened: LifterTraining) {
    clock.pause();
    const { mpjpe, paMpjpe } = await opened.validate();
    const lifted = await opened.liftRays(people.rays);
    const rounded = Array.from(lifted.subarray(0, PEOPLE * 51), (v) => Math.round(1000 * v));
    history.judgements.push({ step: opened.step, mpjpe, paMpjpe, people: rounded });
    listener.changed();
  }

  async function keep(opened: LifterTraining) {
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

  async function steps(opened: LifterTraining) {
    const { steps, validateEvery } = config;
    const due = (step: number) => step % validateEvery === 0 || step === steps;
    if (opened.step === 0 && history.judgements.length === 0) await judge(opened);
    do {
      if (wants === 'save') wants = undefined;
      turn('running');
      for await (const { step, loss } of trainingSteps(opened, steps, due, () => !!wants)) {
        history.losses[step - 1] = loss;
        history.seconds += clock.tick() / 1000;
        listener.changed();
        if (!due(step)) continue;
        await judge(opened);
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
      training ??= await open();
      for (;;) {
        try {
          await steps(training);
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
      const broken = training;
      training = undefined;
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
      training ??= await open();
    } finally {
      turn(before);
    }
    const opened = training;
    const { losses, judgements } = history;
    const { mpjpe, paMpjpe } = judgements.at(-1)!;
    const header = {
      architecture: config.architecture,
      options: opened.options,
      training: { config, step: losses.length, mpjpe, paMpjpe },
    };
    return new Uint8Array(await writeWeights(header, opened.network, await opened.values()));
  }

  const session: Session = {
    config,
    history,
    people,
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
      else if (training) await keep(training);
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
      await training?.dispose();
      training = undefined;
    },
  };
  return session;
}
