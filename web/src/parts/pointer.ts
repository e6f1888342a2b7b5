/** Where the pointer is over a plot. */

/**
 * Calls back as the pointer moves over a plot, with where it is between the margins, from 0 to 1;
 * with undefined when it leaves.
 * @param margins in pixels
 */
export function followPointer(
  plot: SVGSVGElement,
  margins: { readonly left: number; readonly right: number },
  act: (share: number | undefined) => void,
): void {
  plot.addEventListener('pointermove', ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    const share = (clientX - box.left - margins.left) / (box.width - margins.left - margins.right);
    act(Math.min(1, Math.max(0, share)));
  });
  plot.addEventListener('pointerleave', () => act(undefined));
}
