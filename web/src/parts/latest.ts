/**
 * Work on the newest of inputs that come faster than it is done: one at a time, and while it runs
 * only the newest waits. Nothing queues up.
 */
export interface Latest<Input> {
  /** Gives the newest input. */
  give(input: Input): void;
  /** Inputs that were replaced by newer ones before their turn. */
  readonly skipped: number;
  /** Inputs that were worked on. */
  readonly done: number;
  /** Resolves as soon as nothing waits or runs. */
  idle(): Promise<void>;
}

export function latest<Input>(
  work: (input: Input) => Promise<void>,
  fail: (error: unknown) => void,
): Latest<Input> {
  let waiting: { input: Input } | undefined;
  let running: Promise<void> | undefined;
  let skipped = 0;
  let done = 0;
  const run = async () => {
    while (waiting) {
      const { input } = waiting;
      waiting = undefined;
      try {
        await work(input);
      } catch (error) {
        fail(error);
      }
      done++;
    }
    running = undefined;
  };
  return {
    give(input) {
      if (waiting) skipped++;
      waiting = { input };
      running ??= run();
    },
    get skipped() {
      return skipped;
    },
    get done() {
      return done;
    },
    idle: () => running ?? Promise.resolve(),
  };
}
