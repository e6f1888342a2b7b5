/** Steps per second, of the steps alone. */

/** What is averaged over, in milliseconds. */
const WINDOW = 3000;

export interface Meter {
  /** A step is done. @returns milliseconds since the one before; 0 after a break */
  tick(): number;
  /** What comes now is no step: judging, saving, a pause. */
  pause(): void;
  /** Steps per second; undefined until there are two steps. */
  readonly rate: number | undefined;
}

export function meter(now: () => number = () => performance.now()): Meter {
  let last: number | undefined;
  let times: number[] = [];
  return {
    tick() {
      const time = now();
      const spent = last === undefined ? 0 : time - last;
      if (last !== undefined) times.push(spent);
      last = time;
      let sum = 0;
      const first = times.findLastIndex((ms) => (sum += ms) > WINDOW);
      if (first > 0) times = times.slice(first);
      return spent;
    },
    pause() {
      last = undefined;
    },
    get rate() {
      const sum = times.reduce((a, b) => a + b, 0);
      return sum > 0 ? (1000 * times.length) / sum : undefined;
    },
  };
}
