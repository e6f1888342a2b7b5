/** Long work on a thread that has other things to do, such as that of a page. */

/** What one slice of work may take, in milliseconds: half a frame at 60 a second. */
const SLICE = 8;

/**
 * Work calls the function that this returns between its parts, as often as it likes. When a slice is
 * over, the thread is given to others first.
 */
export function pacer(): () => Promise<void> | undefined {
  let end = performance.now() + SLICE;
  return () => {
    if (performance.now() < end) return undefined;
    return nextTurn().then(() => {
      end = performance.now() + SLICE;
    });
  };
}

/**
 * Resolves in a turn of the event loop of its own, behind all that waits already: `scheduler.yield`
 * would come before it. Timers would wait for 4 ms in a page.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
