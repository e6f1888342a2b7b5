/** Progress on the terminal while rows are measured; nothing where there is no terminal. */

import { SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number, total: number, what: string): void;
  stop(): void;
}

export function progress(name: string): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: `${name} {bar} {value}/{total}  {what}`,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    linewrap: null,
  });
  let begun = false;
  return {
    update(done, total, what) {
      if (!begun) bar.start(total, done, { what });
      begun = true;
      bar.setTotal(total);
      bar.update(done, { what });
    },
    stop: () => bar.stop(),
  };
}
