/** The 3D scene where the browser draws any, and a sentence in its place where it does not. */

import { h } from './dom.ts';
import type { createScene, PoseScene } from './scene.ts';

/** @param instead what shows the person then */
export function openScene(
  create: typeof createScene,
  canvas: HTMLCanvasElement,
  instead: string,
  options: Parameters<typeof createScene>[1] = {},
): PoseScene | undefined {
  try {
    return create(canvas, options);
  } catch {
    canvas.replaceWith(
      h(
        'p',
        { class: 'muted no-scene' },
        `This browser draws no 3D here (WebGL is off); ${instead}.`,
      ),
    );
    return undefined;
  }
}
