/** Progress on a terminal: a bar where there is one, lines now and then where there is none. */

import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Shows that `done` steps are done, with what is known of them. */
  update(done: number, known: Readonly<Record<string, string>>): void;
  /** Prints a line above the bar. */
  line(text: string): void;
  stop(): void;
}

/** Seconds between two lines where there is no terminal. */
const LINE_EVERY = 10;

/** A bar with the rate and the time that is left. */
export function progressBar(what: string, total: number, from = 0, unit = 'steps'): Progress {
  // The clock starts with the first step that is done: what compiled before it comes once.
  let begin: { time: number; done: number } | undefined;
  const text = (done: number, known: Readonly<Record<string, string>>) => {
    begin ??= { time: performance.now(), done };
    const seconds = (performance.now() - begin.time) / 1000;
    const perStep = done > begin.done ? seconds / (done - begin.done) : Number.NaN;
    const facts = Object.entries(known).map(([name, value]) => `${name} ${value}`);
    return [
      ...facts,
      ...(Number.isNaN(perStep)
        ? []
        : [`${(1 / perStep).toFixed(1)} ${unit}/s`, `${clock(perStep * (total - done))} left`]),
    ].join('  ');
  };
  if (!process.stderr.isTTY) {
    let last = -Infinity;
    return {
      update(done, known) {
        const now = performance.now() / 1000;
        if (now - last < LINE_EVERY && done < total) return;
        last = now;
        console.error(`${what} ${done}/${total}  ${text(done, known)}`);
      },
      line: (line) => console.error(line),
      stop: () => {},
    };
  }
  const bar = new SingleBar({
    format: `${what} {bar} {value}/{total}  {facts}`,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: false,
    linewrap: null,
  });
  bar.start(total, from, { facts: '' });
  return {
    update: (done, known) => bar.update(done, { facts: text(done, known) }),
    line(line) {
      process.stderr.write(`\r\x1b[K${line}\n`);
      bar.render();
    },
    stop: () => bar.stop(),
  };
}

/** Seconds as people say them: `3 min 20 s`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
