/** Small members of the family of the convolutional lifter, and views for them. */

import type { Gpu } from '../../src/gpu/gpu.ts';
import { readVariables, writeVariables } from '../../src/graph/store.ts';
import type { VariableSet } from '../../src/graph/variables.ts';
import { normal } from '../reference.ts';

export const SMALL = { size: 64, width: 0.1 } as const;

export const shapesOf = (batch: number, size: number) =>
  ({
    image: [batch, size, size, 3],
    depth: [batch, size, size, 1],
    joints: [batch, 17, 2],
    view: [batch, 1],
  }) as const;

/** Views drawn at random, of people in front of a wall. */
export function viewsOf(batch: number, size: number, name = 'views') {
  const random = normal(name);
  const draw = (count: number, mean: number, deviation: number) =>
    Float32Array.from({ length: count }, () => mean + deviation * random());
  const pixels = batch * size * size;
  return {
    image: draw(3 * pixels, 0.5, 0.2),
    depth: draw(pixels, 4, 0.4).map((d, i) => (i % 5 === 0 ? 0 : d)),
    joints: draw(34 * batch, size / 2, size / 6),
    view: draw(batch, -1, 0.1),
  };
}

/** Values that a network might have learned; all else than what its norms begin with. */
export async function learn(gpu: Gpu, ...sets: VariableSet[]) {
  const random = normal('learned');
  for (const set of sets) {
    const values = await readVariables(gpu, set);
    for (const [name, of] of values)
      if (/scale|variance/.test(name))
        of.forEach((_, i) => (of[i] = 1 + 0.2 * Math.tanh(random())));
      else if (/shift|mean|bias/.test(name)) of.forEach((_, i) => (of[i] = 0.2 * random()));
    await writeVariables(gpu, set, values);
  }
}
