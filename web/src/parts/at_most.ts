/**
 * Work that is worth doing only so often: at once, and then not before `gap` milliseconds are over.
 * The last call is never lost.
 */
export function atMost(gap: number, work: () => void): { ask(): void; end(): void } {
  let due = 0;
  let timer = 0;
  const run = () => {
    timer = 0;
    due = performance.now() + gap;
    work();
  };
  return {
    ask() {
      if (timer === 0) timer = window.setTimeout(run, Math.max(0, due - performance.now()));
    },
    end: () => clearTimeout(timer),
  };
}
