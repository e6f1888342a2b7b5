/** y = a b, in several kernels: a ladder from naive to best, and a choice by shape and device. */

import edges from '../../shaders/lib/matmul_edges.wgsl';
import naive1 from '../../shaders/matmul_1_naive.wgsl';
import tile2 from '../../shaders/matmul_2_tile.wgsl';
import tile3 from '../../shaders/matmul_3_tile_registers.wgsl';
import registers4 from '../../shaders/matmul_4_registers.wgsl';
import block5on4 from '../../shaders/matmul_5_subgroup_4.wgsl';
import block5on8 from '../../shaders/matmul_5_subgroup_8.wgsl';
import outerWgsl from '../../shaders/matmul_outer.wgsl';
import rowWgsl from '../../shaders/matmul_row.wgsl';
import type { Editions, KernelFile } from '../gpu/shader.ts';
import {
  type Stage,
  singles,
  stageBytes,
  stageEditions,
  stageOverrides,
  stageParams,
} from './chain.ts';
import { type Kernel, kernel, type Target } from './kernel.ts';
import { type Operand, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { columnThreads, lineWalk } from './walk.ts';

export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Up to four stages on each result before it is stored. */
  readonly stages: readonly Stage[];
  /** Add to what y holds, as pieces of a long inner axis do. */
  readonly accumulate: boolean;
  /** Index of the first value of y, when y is cut. */
  readonly first?: number;
}

const extra = ['e0', 'e1', 'e2', 'e3'] as const;
type In = 'a' | 'b' | (typeof extra)[number];
type Operands = Readonly<Record<In | 'y', Operand>>;
type MatmulKernel = Kernel<In, 'y', MatmulAttributes>;

/** How many stages a product can carry. */
export const maxEpilogue = extra.length;

/** Sizes of a product: batches of [m, k] by [k, n]. */
export function matmulSizes(
  { a, b, y }: Pick<Operands, 'a' | 'b' | 'y'>,
  { transposeA, transposeB }: Pick<MatmulAttributes, 'transposeA' | 'transposeB'>,
) {
  const [m, n] = y.shape.slice(-2) as [number, number];
  const k = a.shape.at(transposeA ? -2 : -1)!;
  const batch = y.shape.length === 3 ? y.shape[0]! : 1;
  const step = (t: Operand) => (matricesOf(t) > 1 ? sizeOf(t.shape.slice(-2)) : 0);
  return { m, n, k, batch, aStride: step(a), bStride: step(b), transposeA, transposeB };
}

/** How many matrices an operand holds. */
const matricesOf = ({ shape }: Operand) => (shape.length === 3 ? shape[0]! : 1);

/** Workgroups that a dimension of the grid can have. */
const GRID = 65_535;

type Sizes = ReturnType<typeof matmulSizes>;

/** What else a kernel of the family says than its file. */
interface Form {
  /** The editions of the libraries it uses, for these sizes. */
  readonly editions: (sizes: Sizes) => Editions;
  /** Columns and rows of y that one workgroup computes. */
  readonly group: Group | ((sizes: Sizes, target: Target) => Group);
  /** Neighbouring workgroups compute other rows of the same columns, not other columns. */
  readonly rowsFirst?: boolean;
  /** What the file leaves open, the same for all sizes. */
  readonly overrides?: Readonly<Record<string, number>>;
  /** Threads of a workgroup, where the file leaves that open. */
  readonly width?: (target: Target) => number;
}
type Group = readonly [columns: number, rows: number];

/**
 * A kernel of the family: a, b and y are [batch, rows, columns], or matrices where there is one.
 */
function variant(
  file: KernelFile,
  { editions, group, rowsFirst, overrides, width }: Form,
): MatmulKernel {
  return kernel<In, 'y', MatmulAttributes>(file, {
    reads: ['a', 'b', ...extra],
    writes: ['y'],
    editions: (t, a) => ({ ...editions(matmulSizes(t, a)), ...stageEditions(a.stages) }),
    overrides: (_, { stages, transposeA, transposeB, accumulate }, target) => ({
      ...stageOverrides(stages),
      TRANSPOSE_A: Number(transposeA),
      TRANSPOSE_B: Number(transposeB),
      ACCUMULATE: Number(accumulate),
      ...overrides,
      ...(width ? { WIDTH: width(target) } : {}),
    }),
    params: (t, a) => {
      const { m, n, k, aStride, bStride } = matmulSizes(t, a);
      const sizes = { m, n, k, a_stride: aStride, b_stride: bStride, first: a.first ?? 0 };
      return { ...sizes, ...stageParams(a.stages, maxEpilogue) };
    },
    groups: (t, a, target) => {
      const sizes = matmulSizes(t, a);
      const { m, n, batch } = sizes;
      const [wide, high] = typeof group === 'function' ? group(sizes, target) : group;
      const [columns, rows] = [Math.ceil(n / wide), Math.ceil(m / high)];
      return rowsFirst ? [rows, columns, batch] : [columns, rows, batch];
    },
    cost: (t, attributes) => {
      const { m, n, k, batch } = matmulSizes(t, attributes);
      const touched = sizeOf(t.a.shape) + sizeOf(t.b.shape) + sizeOf(t.y.shape);
      return { bytes: 4 * touched + stageBytes(attributes.stages), flops: 2 * batch * m * n * k };
    },
    // Batches and rows of y come from the same rows of a. A transposed a and b are cut along k, and
    // the products of the pieces are added in order.
    cut: ({ a, b, y }, { transposeA, transposeB, stages }) => {
      const batched = y.shape.length === 3;
      // Bindings that no stage reads hold a.
      const idle = extra.filter((_, i) => !stages[i]?.operand);
      if (transposeA && !batched) return transposeB ? [] : ['a', 'b', ...idle];
      const alongRows = extra.filter((_, i) =>
        ['full', 'column'].includes(stages[i]?.kind ?? 'none'),
      );
      const repeats = (operand: Operand) => batched && matricesOf(operand) === 1;
      const cut: (In | 'y')[] = ['y', ...alongRows];
      if (!repeats(a)) cut.push('a', ...idle);
      return batched && !repeats(b) ? [...cut, 'b'] : cut;
    },
    // The grid has a dimension for the rows of y, and one for the batch.
    mostRows: ({ y }, { transposeA }) => {
      if (y.shape.length === 3) return GRID;
      return transposeA || typeof group === 'function' ? Infinity : GRID * group[1];
    },
    piece: (attributes, first, { y }, last) =>
      attributes.transposeA && y.shape.length === 2
        ? { ...attributes, accumulate: first > 0, stages: last ? attributes.stages : [] }
        : { ...attributes, first: first * sizeOf(y.shape.slice(1)) },
  });
}

const isQuads = (size: number) => size % 4 === 0;

/** Any sizes, value by value. */
const edgeEditions: Editions = { ...singles, 'lib/matmul_block.wgsl': edges };

/** Quads where they fill the rows of a, b and y, and the inner axis. */
const blocks = ({ m, n, k, transposeA, transposeB }: Sizes): Editions =>
  [transposeA ? m : k, transposeB ? k : n, n, k].every(isQuads) ? {} : edgeEditions;

const widthOfOuter = (target: Target) => columnThreads(target, 64);

/** Columns of a workgroup of `matmul_outer.wgsl`, and the rows that its threads walk down. */
function groupOfOuter({ m, n, batch }: Sizes, target: Target): Group {
  const lanes = isQuads(n) ? 4 : 1;
  const { steps } = lineWalk(target, (batch * m * n) / lanes);
  return [widthOfOuter(target) * lanes, Math.max(steps, Math.ceil(m / GRID))];
}

/** All kernels of the family, in the order of the ladder, and where each is right and useful. */
export const matmulVariants = {
  naive: /* @__PURE__ */ variant(naive1, { editions: () => singles, group: [8, 8] }),
  tile: /* @__PURE__ */ variant(tile2, { editions: () => singles, group: [16, 16] }),
  tileRegisters: /* @__PURE__ */ variant(tile3, { editions: () => singles, group: [64, 64] }),
  registers: /* @__PURE__ */ variant(registers4, { editions: blocks, group: [64, 32] }),
  subgroup4: /* @__PURE__ */ variant(block5on4, {
    editions: blocks,
    group: [16, 16],
    rowsFirst: true,
  }),
  subgroup8: /* @__PURE__ */ variant(block5on8, {
    editions: blocks,
    group: [32, 32],
    rowsFirst: true,
  }),
  row: /* @__PURE__ */ variant(rowWgsl, { editions: blocks, group: [64, 1] }),
  rowPair: /* @__PURE__ */ variant(rowWgsl, {
    editions: blocks,
    group: [64, 2],
    overrides: { PAIR: 1 },
  }),
  outer: /* @__PURE__ */ variant(outerWgsl, {
    editions: ({ n }) => (isQuads(n) ? {} : edgeEditions),
    group: groupOfOuter,
    width: widthOfOuter,
  }),
} as const;

export type MatmulVariant = keyof typeof matmulVariants;

/** What a variant is chosen by: [batch, m, k, n, transposeA, transposeB], the last two 0 or 1. */
export type MatmulShape = readonly [number, number, number, number, number, number];

export const matmulShape = ({ batch, m, k, n, transposeA, transposeB }: Sizes): MatmulShape => [
  batch,
  m,
  k,
  n,
  Number(transposeA),
  Number(transposeB),
];

/**
 * The family, and its usual variants by class of device and shape: measured on lavapipe and
 * SwiftShader, never yet on hardware, whose rule is what other engines do there.
 */
export const matmulTunable: Tunable<MatmulVariant, MatmulKernel> = {
  family: 'matmul',
  variants: matmulVariants,
  fits(name, { subgroupSize }, shape) {
    if (name === 'outer') return (shape as MatmulShape)[2] === 1;

    if (name === 'subgroup4') return subgroupSize === 4;
    if (name === 'subgroup8') return subgroupSize === 8;
    return true;
  },
  usual(target, shape) {
    const [, m, k, n] = shape as MatmulShape;
    const order: MatmulVariant[] =
      k === 1
        ? ['outer']
        : target.kind === 'hardware'
          ? [m <= 4 ? 'row' : 'tileRegisters']
          : m <= 2
            ? [m === 1 ? 'row' : 'rowPair']
            : [m <= 4 || m * n * k < 4096 ? 'registers' : 'subgroup8', 'subgroup4', 'registers'];
    return order.find((name) => matmulTunable.fits(name, target, shape))!;
  },
};

/** Whether a variant computes a product of these sizes on this device. */
export const matmulFits = (name: MatmulVariant, target: Target, sizes: Sizes): boolean =>
  matmulTunable.fits(name, target, matmulShape(sizes));
