/** Two seconds of one joint's path, raw and filtered, so that the lag can be seen. */

import { JOINTS, type Moment } from 'kinegrad';
import { h } from '../../parts/dom.ts';

const WRIST = JOINTS.indexOf('leftWrist');
const SPAN = 2;

export interface Trace {
  readonly element: HTMLElement;
  draw(moments: readonly Moment[], filtered: boolean): void;
}

export function createTrace(): Trace {
  const canvas = h('canvas', { class: 'trace', 'aria-hidden': 'true' });
  const context = canvas.getContext('2d')!;
  return {
    element: h(
      'figure',
      { class: 'trace-figure' },
      canvas,
      h(
        'figcaption',
        { class: 'muted small' },
        'Depth of the left wrist over 2 s: thin as lifted, bold filtered',
      ),
    ),
    draw(moments, filtered) {
      const [w, hgt] = [canvas.clientWidth, canvas.clientHeight];
      if (!w) return;
      const ratio = Math.min(2, devicePixelRatio);
      canvas.width = w * ratio;
      canvas.height = hgt * ratio;
      context.scale(ratio, ratio);
      if (moments.length < 2) return;
      const style = getComputedStyle(canvas);
      const values = (name: 'raw' | 'filtered') => moments.map((m) => m[name][3 * WRIST + 2]!);
      const all = values('raw');
      const [low, high] = [Math.min(...all), Math.max(...all)];
      const spread = Math.max(0.2, high - low) * 1.2;
      const middle = (low + high) / 2;
      const end = moments.at(-1)!.time;
      const line = (name: 'raw' | 'filtered', width: number, colour: string) => {
        context.beginPath();
        values(name).forEach((value, i) => {
          const x = (1 - (end - moments[i]!.time) / SPAN) * (w - 2);
          context.lineTo(x, hgt * (0.5 + (value - middle) / spread));
        });
        context.lineWidth = width;
        context.lineJoin = 'round';
        context.strokeStyle = style.getPropertyValue(colour);
        context.stroke();
      };
      line('raw', filtered ? 1.2 : 2.2, filtered ? '--muted' : '--accent');
      if (filtered) line('filtered', 2.4, '--accent');
    },
  };
}
