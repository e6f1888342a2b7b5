/** What the camera sees: a frame of a video or an empty sheet, and the joints on it. */

import { BONES } from 'kinegrad';
import { h } from '../../parts/dom.ts';

export interface Film {
  readonly canvas: HTMLCanvasElement;
  resize(width: number, height: number): void;
  draw(joints: ArrayLike<number> | undefined, video?: HTMLVideoElement): void;
}

export function createFilm(): Film {
  const canvas = h('canvas', {
    class: 'film',
    role: 'img',
    'aria-label': 'The joints in the film',
  });
  const context = canvas.getContext('2d')!;
  let [width, height] = [960, 720];
  return {
    canvas,
    resize(w, hgt) {
      [width, height] = [w, hgt];
      canvas.style.setProperty('--ratio', String(w / hgt));
    },
    draw(joints, video) {
      const scale = Math.min(2, devicePixelRatio) * (canvas.clientWidth / width || 1);
      const [w, hgt] = [Math.round(width * scale), Math.round(height * scale)];
      if (canvas.width !== w || canvas.height !== hgt) {
        canvas.width = w;
        canvas.height = hgt;
      }
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      if (video) context.drawImage(video, 0, 0, width, height);
      if (!joints) return;
      const style = getComputedStyle(canvas);
      const colour = (name: string) => style.getPropertyValue(`--${name}`);
      const px = Math.min(2, devicePixelRatio) / scale;
      context.lineCap = 'round';
      const strokes = [video && (['casing', 8] as const), ['bone', 5] as const] as const;
      for (const stroke of strokes)
        for (const { from, to, side } of stroke ? BONES : []) {
          context.beginPath();
          context.moveTo(joints[2 * from]!, joints[2 * from + 1]!);
          context.lineTo(joints[2 * to]!, joints[2 * to + 1]!);
          context.lineWidth = stroke![1] * px;
          context.strokeStyle = stroke![0] === 'casing' ? '#ffffffd0' : colour(side);
          context.stroke();
        }
      BONES.forEach(({ to, side }) => {
        context.beginPath();
        context.arc(joints[2 * to]!, joints[2 * to + 1]!, 4.5 * px, 0, 2 * Math.PI);
        context.fillStyle = colour(side);
        context.fill();
        context.lineWidth = 1.5 * px;
        context.strokeStyle = colour('sunken');
        context.stroke();
      });
    },
  };
}
