/** What a network sees of a person: the picture with the joints that were found, and the depth. */

import { BONES } from 'kinegrad';
import { h, s, set } from '../../parts/dom.ts';
import type { Seen } from './people.ts';

export interface Picture {
  readonly element: HTMLElement;
  /** Shows the person of this number; nothing where nothing is seen. */
  show(seen: Seen | undefined, person: number): void;
}

export function createPicture(label: string): Picture {
  const [colours, depths] = [h('canvas'), h('canvas')];
  const bones = s('path', { fill: 'none' });
  const joints = s('svg', { 'aria-hidden': 'true' }, bones);
  const element = h(
    'div',
    {
      class: 'seen',
      role: 'img',
      'aria-label': `${label}: colours, joints and depth`,
      hidden: true,
    },
    h('div', {}, colours, joints),
    depths,
  );
  return {
    element,
    show(seen, person) {
      element.hidden = !seen;
      if (!seen) return;
      const { size, pictures, joints: places } = seen;
      const pixels = pictures.subarray(4 * size * size * person, 4 * size * size * (person + 1));
      const known = pixels.filter((v, i) => i % 4 === 3 && v > 0);
      // The nearest is white, and what is twice as far half as light.
      const near = known.reduce((a, b) => Math.min(a, b), Infinity);
      paint(colours, size, (at) => [0, 1, 2].map((c) => pixels[4 * at + c]!));
      paint(depths, size, (at) => {
        const metres = pixels[4 * at + 3]!;
        const light = metres > 0 ? near / metres : 0;
        return [light, light, light];
      });
      const place = (joint: number) =>
        [0, 1].map((axis) => places[34 * person + 2 * joint + axis]!.toFixed(1)).join(' ');
      set(joints, { viewBox: `0 0 ${size} ${size}` });
      set(bones, { d: BONES.map(({ from, to }) => `M${place(from)}L${place(to)}`).join('') });
    },
  };
}

function paint(canvas: HTMLCanvasElement, size: number, colour: (pixel: number) => number[]) {
  canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  for (let at = 0; at < size * size; at++)
    image.data.set([...colour(at).map((v) => 255 * v), 255], 4 * at);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
