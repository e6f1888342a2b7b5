/**
 * A 2D skeleton on a picture, whose joints are moved by pointer or by keyboard: the picture on a
 * canvas, the skeleton as SVG above it, in pixels of the picture.
 */

import { BONES, JOINTS, type PixelPose } from 'kinegrad';
import { h, s, set } from './dom.ts';

export interface PoseCanvasOptions {
  /** Called for every move of a joint, with the whole pose. */
  readonly onMove?: (joints: PixelPose, joint: number) => void;
  /** Called when a move is over, the pointer up or a key pressed, with words for where the joint is now. */
  readonly onCommit?: (place: string) => void;
}

export interface PoseCanvas {
  readonly element: HTMLElement;
  /** Shows a picture, or an empty sheet of its size. */
  setPicture(bitmap: CanvasImageSource | undefined, width: number, height: number): void;
  /** Shows joints [17 * 2] in pixels of the picture. */
  setJoints(joints: ArrayLike<number>): void;
  /** Shows the lifted pose as the camera sees it, thin and dashed; undefined hides it. */
  setGhost(joints: ArrayLike<number> | undefined): void;
}

/** A pointer this near to a joint takes it, in pixels of the screen. */
const GRAB = 28;
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** 'leftWrist' as 'left wrist'. */
export const spoken = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function createPoseCanvas({ onMove, onCommit }: PoseCanvasOptions = {}): PoseCanvas {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const layer = (name: string, tag: 'g' = 'g') => s(tag, { class: name, 'aria-hidden': 'true' });
  const casing = layer('casing');
  const bones = layer('bones');
  const ghost = layer('ghost');
  const handles = s('g', { class: 'joints' });
  const svg = s('svg', { role: 'group', 'aria-label': 'Joints in the picture' });
  svg.append(casing, bones, ghost, handles);
  const element = h('div', { class: 'pose-canvas' }, canvas, svg);

  const lineOf = (parent: SVGElement, side: string) => {
    const line = s('line', { class: side });
    parent.append(line);
    return line;
  };
  const casings = BONES.map(({ side }) => lineOf(casing, side));
  const lines = BONES.map(({ side }) => lineOf(bones, side));
  const ghosts = BONES.map(({ side }) => lineOf(ghost, side));
  const joints = JOINTS.map((name, i) => {
    const side = i === 0 ? 'middle' : BONES[i - 1]!.side;
    const handle = s('g', {
      class: `joint ${side}`,
      tabindex: 0,
      role: 'button',
      'data-joint': name,
    });
    handle.setAttribute('aria-roledescription', 'movable joint');
    handle.append(s('circle', { class: 'halo', r: 15 }), s('circle', { class: 'dot', r: 6 }));
    handle.append(s('title', {}, spoken(name)));
    handles.append(handle);
    return handle;
  });

  let width = 1;
  let height = 1;
  let pose = new Float64Array(2 * JOINTS.length) as PixelPose;
  let ghostPose: ArrayLike<number> | undefined;

  /** Pixels of the picture in one of the screen. */
  let scale = 1;
  const resize = () => {
    scale = width / Math.max(1, svg.clientWidth);
    svg.style.setProperty('--px', String(scale));
    ask();
  };
  const watching = new ResizeObserver(resize);
  watching.observe(svg);

  const drawBones = (to: readonly SVGLineElement[], at: ArrayLike<number>) =>
    BONES.forEach(({ from, to: end }, i) =>
      set(to[i]!, {
        x1: at[2 * from]!,
        y1: at[2 * from + 1]!,
        x2: at[2 * end]!,
        y2: at[2 * end + 1]!,
      }),
    );
  const placeOf = (i: number) =>
    `${spoken(JOINTS[i]!)}, ${Math.round(pose[2 * i]!)}, ${Math.round(pose[2 * i + 1]!)}`;
  /** What is drawn; only joints that differ are placed anew. */
  const drawn = joints.map(() => '');
  let asked = 0;
  const draw = () => {
    asked = 0;
    drawBones(casings, pose);
    drawBones(lines, pose);
    joints.forEach((handle, i) => {
      const [x, y] = [pose[2 * i]!, pose[2 * i + 1]!];
      const transform = `translate(${x} ${y}) scale(${scale})`;
      if (transform === drawn[i]) return;
      drawn[i] = transform;
      handle.setAttribute('transform', transform);
      handle.setAttribute('aria-label', placeOf(i));
    });
    if (ghostPose) drawBones(ghosts, ghostPose);
    ghost.style.display = ghostPose ? '' : 'none';
  };
  /** Draws before the next frame, once, however often it is asked. */
  const ask = () => {
    if (asked === 0) asked = requestAnimationFrame(draw);
  };
  const setJoints = (next: ArrayLike<number>) => {
    pose = Float64Array.from(next);
    ask();
  };
  const move = (i: number, x: number, y: number) => {
    const next = Float64Array.from(pose);
    next[2 * i] = Math.min(width, Math.max(0, x));
    next[2 * i + 1] = Math.min(height, Math.max(0, y));
    setJoints(next);
    onMove?.(next, i);
  };

  const at = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const box = svg.getBoundingClientRect();
    const size = width / Math.max(1, box.width);
    return [(clientX - box.left) * size, (clientY - box.top) * size];
  };
  const nearest = (x: number, y: number) => {
    const distances = joints.map((_, i) => Math.hypot(pose[2 * i]! - x, pose[2 * i + 1]! - y));
    const least = Math.min(...distances);
    return least <= GRAB * scale ? distances.indexOf(least) : -1;
  };
  let held: { pointer: number; joint: number; dx: number; dy: number; moved: boolean } | undefined;
  set(svg, {
    onpointerdown(event: PointerEvent) {
      const [x, y] = at(event);
      const joint = nearest(x, y);
      // A second finger takes nothing away from the first.
      if (joint < 0 || !onMove || event.button > 0 || held) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      joints[joint]!.focus({ preventScroll: true });
      element.classList.add('dragging');
      held = {
        pointer: event.pointerId,
        joint,
        dx: pose[2 * joint]! - x,
        dy: pose[2 * joint + 1]! - y,
        moved: false,
      };
    },
    onpointermove(event: PointerEvent) {
      const [x, y] = at(event);
      if (!held) {
        svg.classList.toggle('near', nearest(x, y) >= 0);
        return;
      }
      if (event.pointerId !== held.pointer) return;
      held.moved = true;
      move(held.joint, x + held.dx, y + held.dy);
    },
    onpointerup: release,
    onpointercancel: release,
    onkeydown(event: KeyboardEvent) {
      const joint = joints.indexOf(event.target as SVGGElement);
      const step = STEPS[event.key];
      if (joint < 0 || !step || !onMove || event.altKey || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      // About as far as the eye sees, whatever the size of the picture.
      const far = Math.max(1, Math.round(scale)) * (event.shiftKey ? 10 : 2);
      move(joint, pose[2 * joint]! + step[0] * far, pose[2 * joint + 1]! + step[1] * far);
      onCommit?.(placeOf(joint));
    },
  });
  function release({ pointerId }: PointerEvent) {
    if (pointerId !== held?.pointer) return;
    const { moved, joint } = held;
    held = undefined;
    element.classList.remove('dragging');
    if (moved) onCommit?.(placeOf(joint));
  }

  return {
    element,
    setPicture(bitmap, w, hgt) {
      width = w;
      height = hgt;
      canvas.width = w;
      canvas.height = hgt;
      element.classList.toggle('empty', !bitmap);
      svg.setAttribute('viewBox', `0 0 ${w} ${hgt}`);
      element.style.setProperty('--ratio', String(w / hgt));
      if (bitmap) canvas.getContext('2d')!.drawImage(bitmap, 0, 0, w, hgt);
      resize();
    },
    setJoints,
    setGhost(next) {
      ghostPose = next;
      ask();
    },
  };
}
