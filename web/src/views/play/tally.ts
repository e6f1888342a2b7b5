/**
 * What became of the frames of a film or a camera: each is lifted, or dropped because the one before
 * it was not done. None waits.
 */
export interface Tally {
  readonly lifted: number;
  readonly dropped: number;
  /** Milliseconds of the last lift, from taking the frame to having the person. */
  readonly took: number;
  /** Takes a frame, by its number in an endless count. Those passed over since the last are dropped. */
  take(frame: number, now: number): void;
  /** The frame that was taken is lifted. */
  done(now: number): void;
  /** The next frame follows on nothing: after a jump, or a pause. */
  jump(): void;
  reset(): void;
  /** Lifts in the second before `now`, in milliseconds as all times here. */
  rate(now: number): number;
}

export function createTally(): Tally {
  let lifted = 0;
  let dropped = 0;
  let took = 0;
  let last: number | undefined;
  let since = 0;
  let times: number[] = [];
  return {
    get lifted() {
      return lifted;
    },
    get dropped() {
      return dropped;
    },
    get took() {
      return took;
    },
    take(frame, now) {
      if (last !== undefined) dropped += Math.max(0, frame - last - 1);
      last = frame;
      since = now;
    },
    done(now) {
      lifted++;
      took = now - since;
      times.push(now);
    },
    jump() {
      last = undefined;
    },
    reset() {
      lifted = dropped = took = 0;
      last = undefined;
      times = [];
    },
    rate(now) {
      times = times.filter((time) => now - time <= 1000);
      return times.length;
    },
  };
}
