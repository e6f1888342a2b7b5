/**
 * The 3D scene: people on a ground, and the camera that took the picture, with its frustum. The
 * frame is the camera's, with y and z turned round, as three.js has it: the camera stands at the
 * origin and looks along -z. Drawn only when something changed.
 */

import type { Camera } from 'kinegrad';
import {
  AmbientLight,
  type BufferGeometry,
  Color,
  DirectionalLight,
  Group,
  type Material,
  type Object3D,
  PerspectiveCamera,
  Scene,
  Vector3,
  WebGLRenderer,
} from 'three';
import { createFrustum } from './frustum.ts';
import { createGrid } from './grid.ts';
import { createOrbit } from './orbit.ts';
import { createPerson, type PersonColours, type PersonMesh } from './person.ts';

export interface ShownPerson {
  /** [17 * 3] metres, camera frame: x right, y down, z forward. */
  readonly joints: ArrayLike<number>;
  /** Pale and see-through: what is only a possibility. */
  readonly faint?: boolean;
}

export interface PoseScene {
  /** Shows these people and no others. */
  show(...people: readonly (ShownPerson | ArrayLike<number>)[]): void;
  /** Shows the camera that saw them, and its picture at its frustum's end; undefined hides it. */
  setCamera(camera: Camera | undefined, picture?: ImageBitmap): void;
  /**
   * Looks at the people: as the camera does, from a side, or from above.
   * @param room how many people high the view is; by default what holds them, and from the corner
   *   the camera, too
   */
  look(from?: 'camera' | 'side' | 'top' | 'corner', room?: number): void;
  /** The people as an object of three.js, to export. */
  readonly people: Group;
  /** Adds what a view draws of its own, in the scene's frame; the view changes it and calls `redraw`. */
  add(object: Object3D): void;
  redraw(): void;
  /** The scene as a PNG file, in the size of the canvas. */
  png(): Promise<Blob>;
  /** Frames drawn so far. */
  readonly frames: number;
  dispose(): void;
}

export interface SceneOptions {
  /** Whether the visitor can turn it; true by default. */
  readonly orbit?: boolean;
  /** Whether the ground stays as the people bob up and down, as in a film; false by default. */
  readonly steady?: boolean;
  /** Called when a frame is drawn. */
  readonly onFrame?: () => void;
}

const VIEWS = {
  camera: [0, Math.PI / 2],
  side: [Math.PI / 2, Math.PI / 2],
  top: [0, 0.05],
  corner: [0.85, 1.22],
} as const;

/** Milliseconds between frames of a WebGL that runs on the processor, which others need, too. */
const SOFTWARE_GAP = 55;

/** To find it out takes a tenth of a second where it is so. */
let softwareKnown: boolean | undefined;

function isSoftware(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  const info = context?.getExtension('WEBGL_debug_renderer_info');
  const name = info ? String(context!.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name);
}

/** @throws Error where the browser has no WebGL */
export function createScene(canvas: HTMLCanvasElement, options: SceneOptions = {}): PoseScene {
  softwareKnown ??= isSoftware();
  const software = softwareKnown;
  const renderer = new WebGLRenderer({
    canvas,
    antialias: !software,
    powerPreference: 'low-power',
  });
  const scene = new Scene();
  const view = new PerspectiveCamera(38, 1, 0.05, 80);
  scene.background = new Color();
  const sun = new DirectionalLight(0xffffff, 2.1);
  sun.position.set(1.2, 3, 2);
  scene.add(new AmbientLight(0xffffff, 1.35), sun);
  const persons: { mesh: PersonMesh; faint: boolean }[] = [];
  const people = new Group();
  people.name = 'people';
  scene.add(people);
  const frustum = createFrustum();
  scene.add(frustum.group);
  const grid = createGrid();
  scene.add(grid.ground);
  let ground = 0;
  let placed = false;
  const middle = new Vector3(0, 0, -3);
  const target = new Vector3();
  let height = 1.8;
  let frames = 0;
  let asked = 0;
  let colours: PersonColours;

  /** Where WebGL runs on the processor, it draws plainly what moves, and smoothly what rests. */
  const pace = { drawn: 0, resting: 0, ratio: Math.min(2, devicePixelRatio) };
  const sharpen = (ratio: number) => {
    if (ratio === renderer.getPixelRatio()) return;
    renderer.setPixelRatio(ratio);
  };
  const render = () => {
    renderer.render(scene, view);
    frames++;
    options.onFrame?.();
  };
  const draw = (now = performance.now()) => {
    asked = 0;
    if (!software) return render();
    if (now - pace.drawn < SOFTWARE_GAP) return invalidate();
    pace.drawn = now;
    clearTimeout(pace.resting);
    sharpen(1);
    render();
    pace.resting = window.setTimeout(() => {
      sharpen(2);
      render();
    }, 350);
  };
  const invalidate = () => {
    if (asked === 0) asked = requestAnimationFrame(draw);
  };
  const orbit = options.orbit === false ? undefined : createOrbit(view, canvas, invalidate);

  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    colours = {
      left: token('--left'),
      right: token('--right'),
      middle: token('--middle'),
      shadow: token('--ground-shadow'),
    };
    (scene.background as Color).set(token('--room'));
    grid.paint(token('--grid'), token('--room'));
    frustum.paint(token('--muted'));
    for (const { mesh } of persons) mesh.paint(colours);
    invalidate();
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', paint);
  paint();

  const resize = () => {
    const { clientWidth, clientHeight } = canvas;
    if (!clientWidth || !clientHeight) return;
    sharpen(software ? 1 : pace.ratio);
    renderer.setSize(clientWidth, clientHeight, false);
    view.aspect = clientWidth / clientHeight;
    view.updateProjectionMatrix();
    // A resized canvas is empty until it is drawn.
    render();
    invalidate();
  };
  const sizes = new ResizeObserver(resize);
  sizes.observe(canvas);

  const add = (faint: boolean) => {
    const mesh = createPerson(faint);
    mesh.paint(colours);
    people.add(mesh.group);
    return { mesh, faint };
  };

  return {
    people,
    get frames() {
      return frames;
    },
    show(...given) {
      const shown = given.map((one) => ('joints' in one ? one : { joints: one }) as ShownPerson);
      // Meshes are used again: while a joint is dragged, nothing is created.
      shown.forEach(({ faint = false }, i) => {
        if (persons[i]?.faint === faint) return;
        persons[i]?.mesh.dispose();
        persons[i] = add(faint);
      });
      for (const { mesh } of persons.splice(shown.length)) mesh.dispose();
      const solid = shown.filter(({ faint }) => !faint);
      const bounds = boundsOf(solid.length ? solid : shown);
      if (bounds) {
        const below = -bounds.high[1]! - 0.04;
        ground += (options.steady && placed ? 0.04 : 1) * (below - ground);
        placed = true;
        height = Math.max(0.8, bounds.high[1]! - bounds.low[1]!);
        middle.set(
          (bounds.low[0]! + bounds.high[0]!) / 2,
          -(bounds.low[1]! + bounds.high[1]!) / 2,
          -(bounds.low[2]! + bounds.high[2]!) / 2,
        );
      }
      grid.ground.position.set(Math.round(middle.x), ground, Math.round(middle.z));
      shown.forEach(({ joints }, i) => persons[i]!.mesh.place(joints, ground));
      invalidate();
    },
    setCamera(camera, picture) {
      frustum.set(camera, picture);
      invalidate();
    },
    look(from = 'corner', room) {
      const [azimuth, polar] = VIEWS[from];
      // From the corner the camera that took the picture is in view, too.
      const aside = room === undefined && from === 'corner' && frustum.group.visible;
      const shown = aside ? Math.max(1.3 * height, -0.84 * middle.z) : height * (room ?? 1);
      const distance = (1.35 * shown) / (2 * Math.tan((view.fov * Math.PI) / 360));
      const narrow = Math.max(1, (aside ? 1.1 : 0.9) / view.aspect);
      target.copy(middle).multiplyScalar(aside ? 0.6 : 1);
      orbit?.set(target, distance * narrow, azimuth, polar);
      invalidate();
    },
    add(object) {
      scene.add(object);
    },
    redraw: invalidate,
    png() {
      if (software) sharpen(2);
      render();
      return new Promise((resolve, reject) =>
        canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the canvas is empty')))),
      );
    },
    dispose() {
      cancelAnimationFrame(asked);
      clearTimeout(pace.resting);
      dark.removeEventListener('change', paint);
      sizes.disconnect();
      orbit?.dispose();
      for (const { mesh } of persons) mesh.dispose();
      frustum.dispose();
      scene.traverse((object) => {
        const { geometry, material } = object as { geometry?: BufferGeometry; material?: Material };
        geometry?.dispose();
        material?.dispose();
      });
      renderer.dispose();
    },
  };
}

function boundsOf(people: readonly ShownPerson[]) {
  if (people.length === 0) return undefined;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const { joints } of people)
    for (let i = 0; i < joints.length; i++) {
      low[i % 3] = Math.min(low[i % 3]!, joints[i]!);
      high[i % 3] = Math.max(high[i % 3]!, joints[i]!);
    }
  return { low, high };
}
