/** A run is written by one tab at a time: the one that holds the Web Lock of its name. */

/** Milliseconds that a page which is being reloaded may take to let go. */
const PATIENCE = 600;

const lockOf = (run: string) => `kinegrad train ${run}`;

/**
 * Takes a run for this tab.
 * @returns what lets go of it; undefined where another tab holds it
 */
export function holdRun(run: string): Promise<(() => void) | undefined> {
  // Browsers without locks are older than WebGPU, but some have it behind a flag.
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockOf(run), { signal: AbortSignal.timeout(PATIENCE) }, () => {
        return new Promise<void>((release) => resolve(release));
      })
      .catch((error: Error) => {
        if (error.name === 'TimeoutError') resolve(undefined);
        else reject(error);
      });
  });
}

/** Resolves when no other tab holds the run any more; never, once the signal is aborted. */
export function whenFree(run: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    navigator.locks
      .request(lockOf(run), { mode: 'shared', signal }, () => resolve())
      .catch(() => {});
  });
}
