/**
 * Attention that keeps no scores: queries [batch, heads, tokens, size] over keys and values
 * [batch, heads, keys, size], forward and backward.
 */

import tileWgsl from '../../shaders/attention_2_tile.wgsl';
import block4Wgsl from '../../shaders/attention_3_subgroup_4.wgsl';
import block8Wgsl from '../../shaders/attention_3_subgroup_8.wgsl';
import short8Wgsl from '../../shaders/attention_4_short_8.wgsl';
import tileDkvWgsl from '../../shaders/attention_dkv_2_tile.wgsl';
import block4DkvWgsl from '../../shaders/attention_dkv_3_subgroup_4.wgsl';
import block8DkvWgsl from '../../shaders/attention_dkv_3_subgroup_8.wgsl';
import short8DkvWgsl from '../../shaders/attention_dkv_4_short_8.wgsl';
import tileDqWgsl from '../../shaders/attention_dq_2_tile.wgsl';
import block4DqWgsl from '../../shaders/attention_dq_3_subgroup_4.wgsl';
import block8DqWgsl from '../../shaders/attention_dq_3_subgroup_8.wgsl';
import short8DqWgsl from '../../shaders/attention_dq_4_short_8.wgsl';
import statsWgsl from '../../shaders/attention_stats.wgsl';
import type { Constants, KernelFile } from '../gpu/shader.ts';
import { type Kernel, kernel, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import { rowWalk, walkGroups } from './walk.ts';

export interface AttentionAttributes {
  /** Factor of the scores. */
  readonly scale: number;
  /** Whether `mask` is one; else q stands in its place. */
  readonly masked: boolean;
}

type In = 'q' | 'k' | 'v' | 'mask';
type InBackward = In | 'd_o' | 'stats';

type Forward = Kernel<In, 'o' | 'tops' | 'logs', AttentionAttributes>;

/** The kernels of a gradient. */
interface Gradients {
  readonly dq: Kernel<InBackward, 'dq', AttentionAttributes>;
  readonly dkv: Kernel<InBackward, 'dk' | 'dv', AttentionAttributes>;
}

/** Workgroups that a dimension of the grid can have. */
const GRID = 65_535;

const sizesOf = ({ q, k }: Readonly<Record<'q' | 'k', Operand>>) => {
  const [batch, heads, tokens, size] = q.shape as [number, number, number, number];
  return { batch, heads, tokens, size, keys: k.shape[2]! };
};

/** The strides of a mask [batch or 1, heads or 1, tokens or 1, keys]; 0 where it repeats. */
function maskStrides([batch, heads, rows, keys]: Shape) {
  return {
    mask_batch: batch === 1 ? 0 : heads! * rows! * keys!,
    mask_head: heads === 1 ? 0 : rows! * keys!,
    mask_row: rows === 1 ? 0 : keys!,
  };
}

interface Form {
  /** Rows of `across` that one workgroup takes. */
  readonly rows: number;
  readonly constants: (size: number) => Constants;
}

/** What the kernels of the family have in common. Products are those of [tokens, size, keys]. */
function fused<const N extends string, const M extends string>(
  file: KernelFile,
  { rows, constants }: Form,
  more: { reads: readonly N[]; writes: readonly M[]; across: 'q' | 'k'; products: number },
): Kernel<In | N, M, AttentionAttributes> {
  const { reads, writes, across, products } = more;
  type All = Readonly<Record<string, Operand> & Record<In, Operand>>;
  return kernel<In | N, M, AttentionAttributes>(file, {
    reads: ['q', 'k', 'v', 'mask', ...reads],
    writes,
    overrides: (_, { masked }) => ({ MASKED: Number(masked) }),
    constants: (t) => {
      const size = (t as All).q.shape[3]!;
      return constants(size);
    },
    params: (operands, { scale, masked }) => {
      const t = operands as All;
      const { heads, tokens, keys, size } = sizesOf(t);
      const strides = maskStrides(masked ? t.mask.shape : [1, 1, 1, 1]);
      return { heads, tokens, keys, quads: size / 4, scale, ...strides };
    },
    groups: (operands) => {
      const t = operands as All;
      const { batch, heads } = sizesOf(t);
      return [Math.ceil(t[across].shape[2]! / rows), heads, batch];
    },
    cost: (operands, { masked }) => {
      const t = operands as All;
      const { batch, heads, tokens, keys, size } = sizesOf(t);
      const touched = Object.entries(t).filter(([name]) => masked || name !== 'mask');
      return {
        bytes: 4 * touched.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0),
        flops: 2 * products * batch * heads * tokens * keys * size,
      };
    },
    cut: (operands, { masked }) => {
      const shared = masked && (operands as All).mask.shape[0] === 1;
      const names = Object.keys(operands) as (In | N | M)[];
      return names.filter((name) => name !== 'mask' || !shared);
    },
    mostRows: () => GRID,
  });
}

const variant = (file: KernelFile, form: Form): Forward =>
  fused(file, form, { reads: [], writes: ['o', 'tops', 'logs'], across: 'q', products: 2 });

const gradients = (dq: KernelFile, dkv: KernelFile, form: Form): Gradients => ({
  dq: fused(dq, form, { reads: ['d_o', 'stats'], writes: ['dq'], across: 'q', products: 3 }),
  dkv: fused(dkv, form, {
    reads: ['d_o', 'stats'],
    writes: ['dk', 'dv'],
    across: 'k',
    products: 4,
  }),
});

/** [tops, logs, delta, 0] of each row: o and d_o [rows, size], tops and logs [rows]. */
export const attentionStats = /* @__PURE__ */ kernel<'o' | 'd_o' | 'tops' | 'logs', 'stats'>(
  statsWgsl,
  {
    reads: ['o', 'd_o', 'tops', 'logs'],
    writes: ['stats'],
    overrides: ({ o }, _, target) => ({ WIDTH: rowWalk(target, o.shape[0]!).width }),
    params: ({ o }, _, target) => ({
      rows: o.shape[0]!,
      columns: o.shape[1]! / 4,
      steps: rowWalk(target, o.shape[0]!).steps,
    }),
    groups: ({ o }, _, target) => walkGroups(rowWalk(target, o.shape[0]!), o.shape[0]!),
    cost: ({ o }) => ({
      bytes: 8 * sizeOf(o.shape) + 24 * o.shape[0]!,
      flops: 2 * sizeOf(o.shape),
    }),
    cut: () => ['o', 'd_o', 'tops', 'logs', 'stats'],
  },
);

/** Heads of all sizes share two pipelines, which take long to compile. */
const blockForm = (rows: number): Form => ({
  rows,
  constants: (size) => ({ QUADS: size > 64 ? '32u' : '16u' }),
});

const tileForm: Form = {
  rows: 64,
  // 8 KiB of workgroup memory.
  constants: (size) => ({ QUADS: `${size / 4}u`, ROWS: size > 64 ? '8u' : '16u' }),
};

/** Tokens and keys of the kernels that have all scores of a head at once. */
const SHORT = 24;
const shortForm: Form = { rows: SHORT, constants: () => ({}) };

/** Steps of the ladder; the first keeps scores in memory, and is made of products. */
export const attentionVariants = {
  materialised: undefined,
  tile: /* @__PURE__ */ variant(tileWgsl, tileForm),
  subgroup4: /* @__PURE__ */ variant(block4Wgsl, /* @__PURE__ */ blockForm(16)),
  subgroup8: /* @__PURE__ */ variant(block8Wgsl, /* @__PURE__ */ blockForm(32)),
  short8: /* @__PURE__ */ variant(short8Wgsl, shortForm),
} as const satisfies Record<string, Forward | undefined>;

export type AttentionVariant = keyof typeof attentionVariants;

/** What goes with each of them. It stands by itself: who runs attention forward needs none of it. */
export const attentionGradients: Readonly<Record<AttentionVariant, Gradients | undefined>> = {
  materialised: undefined,
  tile: /* @__PURE__ */ gradients(tileDqWgsl, tileDkvWgsl, tileForm),
  subgroup4: /* @__PURE__ */ gradients(block4DqWgsl, block4DkvWgsl, /* @__PURE__ */ blockForm(16)),
  subgroup8: /* @__PURE__ */ gradients(block8DqWgsl, block8DkvWgsl, /* @__PURE__ */ blockForm(32)),
  short8: /* @__PURE__ */ gradients(short8DqWgsl, short8DkvWgsl, shortForm),
};

/** What a variant is chosen by: the last two are 0 or 1. */
export type AttentionShape = readonly [
  batch: number,
  heads: number,
  tokens: number,
  keys: number,
  size: number,
  masked: number,
  backward: number,
];

export const attentionShape = (
  t: Readonly<Record<'q' | 'k', Operand>>,
  { masked }: AttentionAttributes,
  backward: boolean,
): AttentionShape => {
  const { batch, heads, tokens, keys, size } = sizesOf(t);
  return [batch, heads, tokens, keys, size, Number(masked), Number(backward)];
};

/** The largest head of the fused kernels, whose sizes are multiples of four. */
const LARGEST = 128;
/** Rows that leave most of a tile of 32 by 32 idle: 17 by 17 fill 28 % of it. */
const FEW_ROWS = 24;

/**
 * The family, and its usual variants: measured on lavapipe, and neither on SwiftShader nor on
 * hardware. On lavapipe, with reading back, 12 heads of 577 x 64 take 43 ms forward and 192 ms with
 * their gradients by subgroup8, and 71 and 213 ms materialised. 512 heads of 17 x 64 take 4.4 ms
 * forward by short8, 9.2 ms materialised and 11.5 ms by subgroup8; with their gradients 37 to 39 ms
 * by all three, so that there the gradients stay materialised.
 */
export const attentionTunable: Tunable<AttentionVariant, Forward | undefined> = {
  family: 'attention',
  variants: attentionVariants,
  fits(name, { subgroupSize }: Target, shape) {
    const [, , tokens, keys, size] = shape as AttentionShape;
    if (name === 'materialised') return true;
    if (size % 4 !== 0 || size > LARGEST) return false;
    if (name === 'short8' && Math.max(tokens, keys) > SHORT) return false;
    return name === 'tile' || subgroupSize === (name === 'subgroup4' ? 4 : 8);
  },
  usual(target, shape) {
    const [, , tokens, keys, , , backward] = shape as AttentionShape;
    const few = Math.min(tokens, keys) < FEW_ROWS;
    const short: AttentionVariant[] = backward ? [] : ['short8'];
    const order: AttentionVariant[] =
      target.kind === 'hardware' ? ['tile'] : few ? short : ['subgroup8', 'subgroup4'];
    return order.find((name) => attentionTunable.fits(name, target, shape)) ?? 'materialised';
  },
};
