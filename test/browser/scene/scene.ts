/** Everything that the page draws by three.js, from several sides, as the bytes of PNG files. */

import { cameraFromFov } from 'kinegrad';
import { createScene } from '../../../web/src/parts/scene.ts';
import { construction } from '../../../web/src/views/ambiguity/construction.ts';

declare global {
  interface Window {
    drawn: Promise<Record<string, number[]>>;
  }
}

/** A person who strides, 3 m before the camera, and the same with a hand at another depth. */
const POSE = [
  [0, 0, 3],
  [0.12, 0, 3],
  [0.2, 0.42, 2.9],
  [0.15, 0.8, 3.1],
  [-0.12, 0, 3],
  [-0.2, 0.4, 3.1],
  [-0.3, 0.8, 3.2],
  [0, -0.24, 3],
  [0, -0.5, 3],
  [0, -0.58, 2.97],
  [0, -0.7, 3],
  [-0.16, -0.46, 3],
  [-0.3, -0.2, 2.9],
  [-0.3, -0.1, 2.65],
  [0.16, -0.46, 3],
  [0.32, -0.2, 3.1],
  [0.34, 0.05, 3],
].flat();
const OTHER = POSE.map((value, i) => (i === 3 * 13 + 2 ? value + 0.5 : value));

async function picture() {
  const canvas = new OffscreenCanvas(64, 48);
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#48a';
  context.fillRect(0, 0, 64, 48);
  context.fillStyle = '#fc6';
  context.fillRect(20, 8, 16, 32);
  return createImageBitmap(canvas);
}

async function draw() {
  const canvas = document.body.appendChild(document.createElement('canvas'));
  const scene = createScene(canvas);
  const lines = construction();
  const drawn: Record<string, number[]> = {};
  const keep = async (name: string) => {
    drawn[name] = [...new Uint8Array(await (await scene.png()).arrayBuffer())];
  };
  // As in a view: the first frames come before there is anybody.
  await keep('empty');
  scene.show(POSE);
  scene.setCamera(cameraFromFov(64, 48, 60), await picture());
  for (const side of ['corner', 'camera', 'side', 'top'] as const) {
    scene.look(side);
    await keep(side);
  }
  scene.show(POSE, { joints: OTHER, faint: true });
  scene.add(lines.group);
  lines.show(12, POSE as never, OTHER as never);
  scene.look('corner');
  await keep('depths');
  scene.setCamera(undefined);
  scene.show(OTHER);
  await keep('alone');
  return drawn;
}

window.drawn = draw();
