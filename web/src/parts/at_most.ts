/**
 * Work that is worth doing only so often: at once, and then not before `gap` milliseconds are over.
 * The last call is never lost.
 */
export function atMost(gap: number, work: () => void): { ask(): void; end(): void } {
  let due = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = () => {
    timer = undefined;
    due = performance.now() + gap;
    work();
  };
  return {
    ask() {
      timer ??= setTimeout(run, Math.max(0, due - performance.now()));
    },
    end: () => clearTimeout(timer),
  };
}
