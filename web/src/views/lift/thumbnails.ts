/** The person from the front, the side and the top, at one scale; a click turns the scene there. */

import { BONES } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { drawPerson, sideColours } from '../../parts/draw_person.ts';

type Axes = readonly [right: number, down: number, away: number];
type From = 'camera' | 'side' | 'top';

/** Right, down and away from the viewer, of a point of the camera's frame. */
const VIEWS: readonly { from: From; name: string; map: (p: Axes) => Axes }[] = [
  { from: 'camera', name: 'Front', map: ([x, y, z]) => [x, y, z] },
  { from: 'side', name: 'Side', map: ([x, y, z]) => [z, y, -x] },
  { from: 'top', name: 'Top', map: ([x, y, z]) => [x, -z, y] },
];
const SIZE = 220;

export interface Thumbnails {
  readonly element: HTMLElement;
  show(pose: ArrayLike<number>): void;
}

export function thumbnails(look: (from: From) => void): Thumbnails {
  const cells = VIEWS.map(({ from, name, map }) => {
    const canvas = h('canvas', { width: SIZE, height: SIZE, 'aria-hidden': 'true' });
    const button = h(
      'button',
      {
        class: 'button thumbnail',
        'aria-label': `Look from the ${name.toLowerCase()}`,
        onclick: () => look(from),
      },
      canvas,
      h('span', {}, name),
    );
    return { button, context: canvas.getContext('2d')!, map };
  });
  const at = new Float64Array((2 * 3 * (BONES.length + 1)) / 3);
  return {
    element: h('div', { class: 'thumbnails' }, ...cells.map(({ button }) => button)),
    show(pose) {
      const colours = sideColours();
      const low = [Infinity, Infinity, Infinity];
      const high = [-Infinity, -Infinity, -Infinity];
      for (let i = 0; i < pose.length; i++) {
        low[i % 3] = Math.min(low[i % 3]!, pose[i]!);
        high[i % 3] = Math.max(high[i % 3]!, pose[i]!);
      }
      const middle = low.map((v, i) => (v + high[i]!) / 2) as unknown as Axes;
      const scale = (0.72 * SIZE) / Math.max(0.9, ...low.map((v, i) => high[i]! - v));
      for (const { context, map } of cells) {
        const centre = map(middle);
        const away = new Float64Array(at.length / 2);
        for (let i = 0; i < away.length; i++) {
          const [right, down, far] = map([pose[3 * i]!, pose[3 * i + 1]!, pose[3 * i + 2]!]);
          at[2 * i] = SIZE / 2 + (right - centre[0]) * scale;
          // Below the name of the view.
          at[2 * i + 1] = 0.56 * SIZE + (down - centre[1]) * scale;
          away[i] = far;
        }
        const depth = (bone: number) => away[BONES[bone]!.from]! + away[BONES[bone]!.to]!;
        const order = [...BONES.keys()].sort((a, b) => depth(b) - depth(a));
        context.clearRect(0, 0, SIZE, SIZE);
        drawPerson(context, at, colours, 9, { order });
      }
    },
  };
}
