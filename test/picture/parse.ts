/** Reads back what was drawn. */

import { expect } from 'vitest';
import { type Picture, svgDocument } from '../../src/picture/svg.ts';

export interface Drawn {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Text directly inside. */
  readonly text: string;
  readonly inside: readonly string[];
}

/** All elements in drawing order; fails where the file is not well formed or holds NaN. */
export function elementsOf(picture: Picture): Drawn[] {
  const svg = svgDocument(picture);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  const open: string[] = [];
  const drawn: Drawn[] = [];
  for (const [, end, name, attributes, empty, text] of svg.matchAll(
    /<(\/?)([\w]+)((?:\s[\w:-]+="[^"<]*")*)(\/?)>([^<]*)/g,
  )) {
    if (end) expect(open.pop()).toBe(name);
    else {
      const list = [...attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, k, v]) => [k!, v!]);
      drawn.push({
        name: name!,
        attributes: Object.fromEntries(list),
        text: text!,
        inside: [...open],
      });
      if (!empty) open.push(name!);
    }
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<\/?\w+((?:\s[\w:-]+="[^"<]*")*)\/?>/g, '')).not.toContain('<');
  return drawn;
}

export const named = (drawn: readonly Drawn[], name: string) =>
  drawn.filter((element) => element.name === name);

export const numbers = (element: Drawn, ...keys: string[]): number[] =>
  keys.map((key) => Number(element.attributes[key]));

/** The points of a path of straight lines, one list for each stroke. */
export const strokes = (d: string): [number, number][][] =>
  d
    .split('M')
    .filter((part) => part !== '')
    .map((part) =>
      part
        .replace('Z', '')
        .split('L')
        .map((point) => point.split(/[ ,]/).map(Number) as [number, number]),
    );

/** A person who stands before the camera and faces it, arms a little out; metres, 4 m away. */
export function standing(): Float64Array {
  const joints = [
    [0, 0, 0],
    [-0.13, 0, 0],
    [-0.14, 0.44, -0.02],
    [-0.15, 0.88, 0.02],
    [0.13, 0, 0],
    [0.14, 0.45, 0.01],
    [0.15, 0.89, 0.03],
    [0, -0.23, 0.01],
    [0, -0.49, 0.02],
    [0, -0.6, -0.05],
    [0.01, -0.72, 0],
    [0.16, -0.46, 0.02],
    [0.3, -0.22, 0.05],
    [0.38, 0.01, -0.06],
    [-0.17, -0.46, 0.01],
    [-0.31, -0.21, 0.03],
    [-0.4, 0.02, -0.1],
  ];
  return Float64Array.from(joints.flatMap(([x, y, z]) => [x! + 0.2, y! + 0.1, z! + 4]));
}
