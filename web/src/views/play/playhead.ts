/** Where a film is: it runs at a speed, from any place, round and round. */
export interface Playhead {
  readonly playing: boolean;
  /** Frames since the film began to run, round after round; the film's own is the rest by its length. */
  frame(now: number): number;
  play(now: number): void;
  pause(now: number): void;
  /** Goes to a frame of the film. */
  seek(frame: number, now: number): void;
  setSpeed(speed: number, now: number): void;
}

/** Milliseconds: a longer silence, as of a hidden tab, is no part of the film. */
const SILENCE = 500;

/** @param fps frames a second; times are milliseconds */
export function createPlayhead(fps: number): Playhead {
  let at = 0;
  let last = 0;
  let speed = 1;
  let playing = false;
  const advance = (now: number) => {
    // The time of an animation frame is that of its beginning, which an event may be later than.
    const passed = Math.max(0, now - last);
    last += passed;
    if (playing && passed <= SILENCE) at += (passed / 1000) * fps * speed;
  };
  return {
    get playing() {
      return playing;
    },
    frame(now) {
      advance(now);
      return Math.floor(at);
    },
    play(now) {
      advance(now);
      playing = true;
    },
    pause(now) {
      advance(now);
      playing = false;
    },
    seek(frame, now) {
      advance(now);
      at = frame;
    },
    setSpeed(next, now) {
      advance(now);
      speed = next;
    },
  };
}
