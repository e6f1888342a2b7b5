/** Kernels that move values: strided copies and fills. */

import copyWgsl from '../../shaders/copy.wgsl';
import copyTransposedWgsl from '../../shaders/copy_transposed.wgsl';
import fillWgsl from '../../shaders/fill.wgsl';
import { singles } from './chain.ts';
import { kernel, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import { countOf, type Lines, lanesOf, lineWalk, shareLines, walkGroups } from './walk.ts';

/** The most axes of a copy, after neighbouring ones that lie alike are merged. */
export const COPY_AXES = 6;

/** A box of elements, and where each lies in x and in y: strides and first element. */
export interface Box {
  readonly shape: Shape;
  readonly x: { readonly first: number; readonly strides: Shape };
  readonly y: { readonly first: number; readonly strides: Shape };
}

const copyBox = /* @__PURE__ */ kernel<'x', 'y', Box>(copyWgsl, {
  reads: ['x'],
  writes: ['y'],
  constants({ x, y }, box) {
    // Halves are converted, which loses nothing.
    const half = x.memory.half || y.memory.half;
    return {
      U: `${copiesQuads(box) ? 'vec4' : ''}${half ? 'f' : 'u'}${copiesQuads(box) ? '' : '32'}`,
    };
  },
  overrides: (_t, box, target) => ({ WIDTH: linesOf(target, box).width }),
  params: (_, box, target) => {
    const { shape, x, y } = copiesQuads(box) ? inQuads(box) : box;
    const { lines, threads, stride, steps } = linesOf(target, box);
    return {
      ...{ lines, threads, stride, steps },
      x_first: x.first,
      y_first: y.first,
      ...axes('d', shape, 1),
      ...axes('x', x.strides, 0),
      ...axes('y', y.strides, 0),
    };
  },
  groups: (_, box, target) => linesOf(target, box).groups,
  cost: (_, { shape }) => ({ bytes: 8 * sizeOf(shape), flops: 0 }),
});

/** A box whose axes 4 and 5 are as `copy_transposed.wgsl` wants them. */
const copyTransposed = /* @__PURE__ */ kernel<'x', 'y', Box>(copyTransposedWgsl, {
  reads: ['x'],
  writes: ['y'],
  overrides: (_t, box, target) => ({ WIDTH: blocksOf(target, box).width }),
  params: (_, box, target) => {
    const { count, steps, tiles } = blocksOf(target, box);
    const quads = (n: number) => n / 4;
    const { d4, d5, ...d } = axes('d', box.shape, 1);
    const { x4, ...x } = axes('x', box.x.strides.map(quads), 0);
    const { y5, ...y } = axes('y', box.y.strides.map(quads), 0);
    return {
      ...{ count, steps, tiles },
      x_first: quads(box.x.first),
      y_first: quads(box.y.first),
      ...{ ...d, d4: quads(d4!), d5: quads(d5!) },
      ...{ ...x, ...y },
    };
  },
  groups: (_, box, target) => blocksOf(target, box).groups,
  cost: (_, { shape }) => ({ bytes: 8 * sizeOf(shape), flops: 0 }),
});

function linesOf(target: Target, box: Box): Lines {
  const { shape } = copiesQuads(box) ? inQuads(box) : box;
  const length = shape.at(-1) ?? 1;
  return shareLines(target, sizeOf(shape) / length, length);
}

const isQuads = (n: number) => n % 4 === 0;

/** Whether lines of x and of y consist of quads. */
const copiesQuads = ({ shape, x, y }: Box): boolean =>
  isQuads(shape.at(-1) ?? 1) &&
  [x, y].every(
    ({ first, strides }) =>
      strides.at(-1) === 1 && isQuads(first) && strides.slice(0, -1).every(isQuads),
  );

function inQuads({ shape, x, y }: Box): Box {
  const lies = ({ first, strides }: Box['x']) => ({
    first: first / 4,
    strides: [...strides.slice(0, -1).map((n) => n / 4), 1],
  });
  return { shape: [...shape.slice(0, -1), shape.at(-1)! / 4], x: lies(x), y: lies(y) };
}

/** Threads of `copy_transposed.wgsl`, which share each row of blocks in tiles of `steps`. */
function blocksOf(target: Target, { shape }: Box) {
  const [across, along] = [shape.at(-2)! / 4, shape.at(-1)! / 4];
  const blocks = sizeOf(shape) / 16;
  const { width, steps: most } = lineWalk(target, blocks);
  const steps = Math.min(most, along);
  const tiles = Math.ceil(along / steps);
  const count = (blocks / (across * along)) * across * tiles;
  return { width, steps, tiles, count, groups: Math.ceil(count / width) };
}

/**
 * The box with its axes in the order of `copy_transposed.wgsl`, where that kernel can copy it and is
 * the better choice: on a CPU.
 */
function inBlocks({ kind }: Target, { shape, x, y }: Box): Box | undefined {
  if (kind === 'hardware') return undefined;
  const [d4, d5] = [x.strides.indexOf(1), shape.length - 1];
  const others = shape.map((_, i) => i).filter((i) => i !== d4 && i !== d5);
  const order = [...others, d4, d5];
  const fits =
    ![-1, d5].includes(d4) &&
    y.strides[d5] === 1 &&
    [shape[d4]!, shape[d5]!, x.first, y.first].every(isQuads) &&
    [...others, d5].every((i) => isQuads(x.strides[i]!)) &&
    [...others, d4].every((i) => isQuads(y.strides[i]!));
  if (!fits) return undefined;
  const pick = (values: Shape) => order.map((i) => values[i]!);
  const lies = ({ first, strides }: Box['x']) => ({ first, strides: pick(strides) });
  return { shape: pick(shape), x: lies(x), y: lies(y) };
}

/** Elements of a line that are worth finding its place. */
const SHORT = 8;

/**
 * The box with its longest axis as lines, where those it has are short: a CPU takes longer to divide
 * for the place of a line than to move a few elements.
 */
function inLongLines({ kind }: Target, box: Box): Box {
  const { shape, x, y } = box;
  const last = shape.length - 1;
  const longest = shape.indexOf(Math.max(...shape));
  if (kind === 'hardware' || copiesQuads(box) || !(shape[last]! < SHORT && longest < last))
    return box;
  const order = [...shape.keys()].filter((i) => i !== longest).concat(longest);
  const pick = (values: Shape) => order.map((i) => values[i]!);
  const lies = ({ first, strides }: Box['x']) => ({ first, strides: pick(strides) });
  return { shape: pick(shape), x: lies(x), y: lies(y) };
}

const axes = (prefix: string, values: Shape, filler: number) => {
  const padded = [...Array<number>(COPY_AXES - values.length).fill(filler), ...values];
  return Object.fromEntries(padded.map((value, i) => [`${prefix}${i}`, value]));
};

/**
 * Copies a box of x into y. What one binding cannot hold is cut in halves along the longest outer
 * axis.
 */
export function copy(
  target: Target,
  { x, y }: { x: Operand; y: Operand },
  box: Box,
): ReturnType<typeof copyBox> {
  const { shape } = box;
  if (sizeOf(shape) === 0) return [];
  const merged = merge(box);
  const span = (strides: Shape) => merged.shape.reduce((s, n, i) => s + (n - 1) * strides[i]!, 1);
  const bytes = 4 * (Math.max(span(merged.x.strides), span(merged.y.strides)) + 64);
  const axis = merged.shape.findIndex((n) => n > 1);
  if (bytes <= target.maxBinding || axis < 0) {
    const range = (operand: Operand, { first, strides }: Box['x']) => {
      // A binding starts at a multiple of 64 elements.
      const start = Math.floor(first / 64) * 64;
      const size = first - start + span(strides);
      return {
        operand: { ...operand, offset: operand.offset + start, shape: [size] },
        lies: { first: first - start, strides },
      };
    };
    const from = range(x, merged.x);
    const to = range(y, merged.y);
    const inner = { shape: merged.shape, x: from.lies, y: to.lies };
    const operands = { x: from.operand, y: to.operand };
    const blocks = inBlocks(target, inner);
    if (blocks) return copyTransposed(target, operands, blocks);
    return copyBox(target, operands, inLongLines(target, inner));
  }
  const half = merged.shape[axis]! >> 1;
  const part = (from: number, to: number): Box => {
    const move = ({ first, strides }: Box['x']) => ({
      first: first + from * strides[axis]!,
      strides,
    });
    const cut = merged.shape.map((n, i) => (i === axis ? to - from : n));
    return { shape: cut, x: move(merged.x), y: move(merged.y) };
  };
  return [part(0, half), part(half, merged.shape[axis]!)].flatMap((b) => copy(target, { x, y }, b));
}

/** The same box with as few axes as possible. */
function merge({ shape, x, y }: Box): Box {
  const kept: { n: number; x: number; y: number }[] = [];
  shape.forEach((n, i) => {
    if (n === 1) return;
    const next = { n, x: x.strides[i]!, y: y.strides[i]! };
    const last = kept.at(-1);
    if (last && last.x === next.n * next.x && last.y === next.n * next.y)
      kept[kept.length - 1] = { ...next, n: last.n * next.n };
    else kept.push(next);
  });
  if (kept.length > COPY_AXES)
    throw new Error(
      `copy: [${shape.join(', ')}] needs ${kept.length} axes, the kernel has ${COPY_AXES}. Transpose in two steps`,
    );
  return {
    shape: kept.map(({ n }) => n),
    x: { first: x.first, strides: kept.map((k) => k.x) },
    y: { first: y.first, strides: kept.map((k) => k.y) },
  };
}

/** Strides of a tensor that is row-major. */
export const stridesOf = (shape: Shape): number[] =>
  shape.map((_, i) => sizeOf(shape.slice(i + 1)));

/** y [size] filled with one value. */
export const fill = /* @__PURE__ */ kernel<never, 'y', { value: number }>(fillWgsl, {
  reads: [],
  writes: ['y'],
  editions: ({ y }) => (lanesOf(y) === 4 ? {} : singles),
  overrides: ({ y }, _, target) => ({ WIDTH: lineWalk(target, countOf(y)).width }),
  params: ({ y }, { value }, target) => ({
    count: countOf(y),
    steps: lineWalk(target, countOf(y)).steps,
    value,
  }),
  groups: ({ y }, _, target) => walkGroups(lineWalk(target, countOf(y)), countOf(y)),
  cost: ({ y }) => ({ bytes: 4 * sizeOf(y.shape), flops: 0 }),
  cut: () => ['y'],
});
