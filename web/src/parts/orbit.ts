/** Turns a camera about a point: by one pointer, by two, by the wheel, and by keys. */

import { type PerspectiveCamera, Spherical, Vector3 } from 'three';

export interface Orbit {
  readonly target: Vector3;
  /** Where the camera stands, seen from the target. */
  set(target: Vector3, radius: number, azimuth: number, polar: number): void;
  dispose(): void;
}

const KEYS: Readonly<Record<string, readonly [turn: number, tilt: number, zoom: number]>> = {
  ArrowLeft: [-0.12, 0, 1],
  ArrowRight: [0.12, 0, 1],
  ArrowUp: [0, -0.1, 1],
  ArrowDown: [0, 0.1, 1],
  '+': [0, 0, 1 / 1.12],
  '=': [0, 0, 1 / 1.12],
  '-': [0, 0, 1.12],
};

export function createOrbit(
  camera: PerspectiveCamera,
  element: HTMLElement,
  changed: () => void,
): Orbit {
  const target = new Vector3();
  const place = new Spherical(4, 1.3, 0.5);
  const pointers = new Map<number, { x: number; y: number }>();
  const ending = new AbortController();

  const update = () => {
    place.phi = Math.min(Math.PI - 0.05, Math.max(0.05, place.phi));
    place.radius = Math.min(40, Math.max(0.4, place.radius));
    camera.position.setFromSpherical(place).add(target);
    camera.lookAt(target);
    changed();
  };
  /** Moves the target across the view, by a share of its height. */
  const pan = (dx: number, dy: number) => {
    const height = 2 * place.radius * Math.tan((camera.fov * Math.PI) / 360);
    const right = new Vector3().setFromMatrixColumn(camera.matrix, 0);
    const up = new Vector3().setFromMatrixColumn(camera.matrix, 1);
    target.addScaledVector(right, -dx * height).addScaledVector(up, dy * height);
  };
  const spread = () => {
    const [a, b] = [...pointers.values()];
    return Math.hypot(a!.x - b!.x, a!.y - b!.y);
  };
  const on = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, listener, { signal: ending.signal, passive: false });

  on('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  on('pointermove', (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const before = pointers.size === 2 ? spread() : 0;
    const dx = (event.clientX - last.x) / element.clientHeight;
    const dy = (event.clientY - last.y) / element.clientHeight;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 2) {
      place.radius *= before / Math.max(1, spread());
      pan(dx / 2, dy / 2);
    } else if (event.shiftKey || event.buttons === 2) pan(dx, dy);
    else {
      place.theta -= 2 * Math.PI * dx * 0.7;
      place.phi -= 2 * Math.PI * dy * 0.7;
    }
    update();
  });
  for (const name of ['pointerup', 'pointercancel'] as const)
    on(name, (event) => pointers.delete(event.pointerId));
  on('contextmenu', (event) => event.preventDefault());
  on('wheel', (event) => {
    event.preventDefault();
    place.radius *= Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.0012);
    update();
  });
  on('keydown', (event) => {
    const key = KEYS[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    place.theta += key[0];
    place.phi += key[1];
    place.radius *= key[2];
    update();
  });

  return {
    target,
    set(about, radius, azimuth, polar) {
      target.copy(about);
      place.set(radius, polar, azimuth);
      update();
    },
    dispose: () => ending.abort(),
  };
}
