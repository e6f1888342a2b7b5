/** The filter of the lifted people, and what it costs and brings. */

import { JOINTS, type Moment, measureLag, oneEuro } from 'kinegrad';

export interface Smoothing {
  /** [17 * 3] metres and seconds of the film. @returns what to show */
  take(pose: Float64Array, time: number): Float64Array;
  set(change: { on?: boolean; minCutoff?: number; beta?: number }): void;
  reset(): void;
  /** The last two seconds, the oldest first. */
  readonly moments: readonly Moment[];
  /** Seconds by which the filtered person lags behind, as measured; undefined where too little moved. */
  lag(): number | undefined;
  /** How much of the jitter is left, 0 to 1: mean bend of the joints' paths, filtered by raw. */
  jitterLeft(): number | undefined;
}

export const DEFAULTS = { on: true, minCutoff: 1.5, beta: 2 } as const;
const SPAN = 2;
const COUNT = 3 * JOINTS.length;

export function createSmoothing(): Smoothing {
  let options: { on: boolean; minCutoff: number; beta: number } = { ...DEFAULTS };
  let filter = oneEuro(COUNT, options);
  let moments: Moment[] = [];
  return {
    take(raw, time) {
      if (moments.length > 0 && time <= moments.at(-1)!.time) moments = [];
      const filtered = filter.filter(raw, time).slice();
      moments.push({ time, raw, filtered });
      while (moments[0]!.time < time - SPAN) moments.shift();
      return options.on ? filtered : raw;
    },
    set(change) {
      options = { ...options, ...change };
      filter = oneEuro(COUNT, options);
      moments = [];
    },
    reset() {
      filter.reset();
      moments = [];
    },
    get moments() {
      return moments;
    },
    lag: () => (options.on ? measureLag(moments) : 0),
    jitterLeft() {
      if (!options.on) return 1;
      if (moments.length < 10) return undefined;
      const bend = (name: 'raw' | 'filtered') => {
        let sum = 0;
        for (let k = 2; k < moments.length; k++) {
          const [a, b, c] = [moments[k - 2]![name], moments[k - 1]![name], moments[k]![name]];
          for (let i = 0; i < COUNT; i++) sum += Math.abs(a[i]! - 2 * b[i]! + c[i]!);
        }
        return sum;
      };
      return bend('filtered') / bend('raw');
    },
  };
}
