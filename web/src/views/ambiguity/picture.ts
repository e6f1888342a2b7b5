/** The picture with its bones, each of which a click turns over. */

import { BONES } from 'kinegrad';
import { h, s, set } from '../../parts/dom.ts';
import type { Pose } from '../../shell/pose_store.ts';

export interface BonePicture {
  readonly element: HTMLElement;
  setPose(pose: Pose): void;
  /** @param towards for each bone whether its end is nearer to the camera than its beginning */
  mark(towards: readonly boolean[], flipped: (bone: number) => boolean, selected: number): void;
}

export function bonePicture(onFlip: (bone: number) => void): BonePicture {
  const canvas = h('canvas', { 'aria-hidden': 'true' });
  const svg = s('svg', { role: 'img', 'aria-label': 'The picture and its bones, always the same' });
  const element = h('div', { class: 'pose-canvas bones-picture' }, canvas, svg);
  const layers = ['casing', 'bones', 'signs', 'hits'].map((name) => s('g', { class: name }));
  svg.append(...layers);
  const [casing, bones, signs, hits] = layers as [
    SVGGElement,
    SVGGElement,
    SVGGElement,
    SVGGElement,
  ];
  const lines = BONES.map(({ side }, bone) => {
    const line = s('line', { class: side });
    const under = s('line');
    const hit = s('line', { onclick: () => onFlip(bone) });
    // An arrow that comes at one shows its point, one that goes shows its feathers.
    const sign = s('g', { class: `sign ${side}` });
    sign.append(s('circle', { r: 8 }), s('circle', { class: 'tip', r: 3 }));
    sign.append(
      s('path', { class: 'feathers', d: 'M-3.500 -3.500L3.500 3.500M3.500 -3.500L-3.500 3.500' }),
    );
    casing.append(under);
    bones.append(line);
    signs.append(sign);
    hits.append(hit);
    return { line, under, hit, sign };
  });
  let width = 1;
  let joints: ArrayLike<number> = [];
  const place = () => {
    const scale = width / Math.max(1, svg.getBoundingClientRect().width);
    svg.style.setProperty('--px', String(scale));
    BONES.forEach(({ from, to }, bone) => {
      const [x1, y1, x2, y2] = [2 * from, 2 * from + 1, 2 * to, 2 * to + 1].map(
        (i) => joints[i] ?? 0,
      );
      const { line, under, hit, sign } = lines[bone]!;
      for (const each of [line, under, hit]) set(each, { x1: x1!, y1: y1!, x2: x2!, y2: y2! });
      const middle = `translate(${(x1! + x2!) / 2} ${(y1! + y2!) / 2}) scale(${scale})`;
      sign.setAttribute('transform', middle);
    });
  };
  new ResizeObserver(place).observe(svg);
  return {
    element,
    setPose({ joints: next, width: w, height, picture }) {
      joints = next;
      const part = about(next, w, height);
      width = part.width;
      canvas.width = Math.ceil(part.width);
      canvas.height = Math.ceil(part.height);
      svg.setAttribute('viewBox', `${part.x} ${part.y} ${part.width} ${part.height}`);
      element.style.setProperty('--ratio', String(part.width / part.height));
      if (picture) canvas.getContext('2d')!.drawImage(picture.bitmap, -part.x, -part.y, w, height);
      place();
    },
    mark(towards, flipped, selected) {
      lines.forEach(({ line, sign }, bone) => {
        sign.classList.toggle('towards', towards[bone]!);
        for (const each of [line, sign]) {
          each.classList.toggle('flipped', flipped(bone));
          each.classList.toggle('selected', bone === selected);
        }
      });
    },
  };
}

/** The part of a picture about the person, at most as wide or as high as a screen may be. */
function about(joints: ArrayLike<number>, width: number, height: number) {
  const [low, high] = [Math.min, Math.max].map((extreme) =>
    [0, 1].map((axis) => extreme(...Array.from(joints).filter((_, i) => i % 2 === axis))),
  ) as [[number, number], [number, number]];
  const size = [high[0] - low[0], high[1] - low[1]] as [number, number];
  const longer = 1.25 * Math.max(...size);
  const w = Math.min(width, Math.max(longer * 0.9, 1.25 * size[0]));
  const h = Math.min(height, Math.max(longer * 0.9, 1.25 * size[1]));
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const x = clamp((low[0] + high[0] - w) / 2, width - w);
  const y = clamp((low[1] + high[1] - h) / 2, height - h);
  return { x, y, width: w, height: h };
}
