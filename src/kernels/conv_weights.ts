/**
 * The weight gradient of a convolution, dw [kh, kw, cin / groups, cout] from x [n, h, w, cin] and
 * dy [n, oh, ow, cout]: a product of matrices with few results and very many terms, in several
 * kernels. Ranges of terms have matrices of their own, which are added in order afterwards.
 */

import registers2 from '../../shaders/conv_weights_2_registers.wgsl';
import subgroup4 from '../../shaders/conv_weights_3_subgroup_4.wgsl';
import subgroup8 from '../../shaders/conv_weights_3_subgroup_8.wgsl';
import tile4 from '../../shaders/conv_weights_4_tile.wgsl';
import flatRows from '../../shaders/lib/conv_weights_flat.wgsl';
import singleColumns from '../../shaders/lib/conv_weights_singles.wgsl';
import type { KernelFile } from '../gpu/shader.ts';
import { convWeightsNaive } from './conv_weights_naive.ts';
import { type Cost, type Kernel, kernel, type Target } from './kernel.ts';
import { type Operand, type Shape, sizeOf } from './tensor.ts';
import type { Tunable } from './tuning.ts';
import type { Window } from './window.ts';

export interface ConvWeightsAttributes {
  readonly window: Window;
  readonly groups: number;
  /** How many matrices the terms are added to; dw is [matrices, kh, kw, cin / groups, cout]. */
  readonly matrices: number;
  /** Add to what dw holds, as pieces of the batch do. */
  readonly accumulate: boolean;
}

type Operands = Readonly<Record<'x' | 'dy' | 'dw', Operand>>;
type ConvWeightsKernel = Kernel<'x' | 'dy', 'dw', ConvWeightsAttributes>;

/** What else a kernel of the family says than its file. */
interface Form {
  /** Rows (taps and channels of x) and columns (channels of dy) of a workgroup. */
  readonly tile: readonly [rows: number, columns: number];
  /** Rows of several taps share a tile; else taps have tiles of their own. */
  readonly flat: boolean;
  /** A strip is a single place, not a row of them. */
  readonly places?: boolean;
}

export interface ConvWeightsVariant {
  readonly kernel: ConvWeightsKernel;
  /** None of a kernel that adds to one matrix only, with a thread for each value. */
  readonly form?: Form;
}

/** Places of a row that a strip has at most: longer rows are cut, so that work can be shared. */
const STRIP = 512;

const isQuads = (size: number) => size % 4 === 0;

/** How the rows and columns of dw and the places of dy are divided. */
function divided(
  form: Form,
  { window, groups }: Pick<ConvWeightsAttributes, 'window' | 'groups'>,
  cin: number,
  cout: number,
) {
  const { kernel, places } = window;
  const [ci, co] = [cin / groups, cout / groups];
  const taps = kernel[0] * kernel[1];
  const tapRows = form.flat ? taps * ci : ci;
  const tapTiles = Math.ceil(tapRows / form.tile[0]);
  const rowTiles = form.flat ? tapTiles : taps * tapTiles;
  const columnTiles = Math.ceil(co / form.tile[1]);
  const parts = form.places ? places[1] : Math.ceil(places[1] / STRIP);
  // Strips of four places waste nothing.
  const part = form.places ? 1 : 4 * Math.ceil(places[1] / parts / 4);
  const tiles = rowTiles * columnTiles * groups;
  return { ci, co, taps, tapRows, tapTiles, rowTiles, columnTiles, parts, part, tiles };
}

function variant(file: KernelFile, form: Form): ConvWeightsVariant {
  const sizes = ({ x, dy }: Operands, a: ConvWeightsAttributes) =>
    divided(form, a, x.shape[3]!, dy.shape[3]!);
  const made = kernel<'x' | 'dy', 'dw', ConvWeightsAttributes>(file, {
    reads: ['x', 'dy'],
    writes: ['dw'],
    editions: (t, a) => ({
      ...(form.flat ? { 'lib/conv_weights_taps.wgsl': flatRows } : {}),
      ...(isQuads(sizes(t, a).co) ? {} : { 'lib/conv_weights_quads.wgsl': singleColumns }),
    }),
    overrides: (_, { accumulate }) => ({ ACCUMULATE: Number(accumulate) }),
    params: (t, a) => {
      const { window, groups, matrices } = a;
      const { ci, co, taps, tiles, parts, part, ...of } = sizes(t, a);
      const [n, oh, ow, cout] = t.dy.shape as [number, number, number, number];
      const strips = n * oh * parts;
      return {
        jobs: tiles * matrices,
        row_tiles: of.rowTiles,
        tap_tiles: of.tapTiles,
        tap_rows: of.tapRows,
        column_tiles: of.columnTiles,
        groups,
        strips,
        range: Math.ceil(strips / matrices),
        parts,
        part,
        h: window.image[0],
        w: window.image[1],
        cin: t.x.shape[3]!,
        oh,
        ow,
        cout,
        kw: window.kernel[1],
        rows: taps * ci,
        ci,
        co,
        stride_h: window.stride[0],
        stride_w: window.stride[1],
        dilation_h: window.dilation[0],
        dilation_w: window.dilation[1],
        top: window.padding[0],
        left: window.padding[2],
      };
    },
    groups: (t, a) => sizes(t, a).tiles * a.matrices,
    cost: ({ x, dy }, a) => convWeightsCost(x.shape, dy.shape, a),
    cut: () => ['x', 'dy'],
    piece: (a, first) => ({ ...a, accumulate: first > 0 }),
  });
  return { form, kernel: made };
}

/** x and dy are read once, dw is written; what a tap sees outside of the image takes no work. */
export function convWeightsCost(
  x: Shape,
  dy: Shape,
  { window, groups }: Pick<ConvWeightsAttributes, 'window' | 'groups'>,
): Cost {
  const { kernel, image, stride, dilation, padding, places } = window;
  const seen = ([0, 1] as const).map((axis) => {
    let count = 0;
    for (let tap = 0; tap < kernel[axis]; tap++)
      for (let place = 0; place < places[axis]; place++) {
        const pixel = place * stride[axis] + tap * dilation[axis] - padding[2 * axis]!;
        if (pixel >= 0 && pixel < image[axis]) count++;
      }
    return count;
  });
  const products = (x[3]! * dy[3]!) / groups;
  const weights = sizeOf(kernel) * products;
  return {
    bytes: 4 * (sizeOf(x) + sizeOf(dy) + weights),
    flops: 2 * x[0]! * sizeOf(seen) * products,
  };
}

type Blocked = 'registers' | 'subgroup4' | 'subgroup8' | 'tile';
export type ConvWeightsVariantName = 'naive' | Blocked | `${Blocked}Flat`;

/** All kernels of the family; `flat` ones have tiles with rows of several taps. */
export const convWeightsVariants: Record<ConvWeightsVariantName, ConvWeightsVariant> = {
  naive: { kernel: convWeightsNaive },
  registers: /* @__PURE__ */ variant(registers2, { tile: [32, 8], flat: false }),
  registersFlat: /* @__PURE__ */ variant(registers2, { tile: [32, 8], flat: true }),
  subgroup4: /* @__PURE__ */ variant(subgroup4, { tile: [16, 16], flat: false }),
  subgroup4Flat: /* @__PURE__ */ variant(subgroup4, { tile: [16, 16], flat: true }),
  subgroup8: /* @__PURE__ */ variant(subgroup8, { tile: [32, 32], flat: false }),
  subgroup8Flat: /* @__PURE__ */ variant(subgroup8, { tile: [32, 32], flat: true }),
  tile: /* @__PURE__ */ variant(tile4, { tile: [64, 64], flat: false, places: true }),
  tileFlat: /* @__PURE__ */ variant(tile4, { tile: [64, 64], flat: true, places: true }),
};

/**
 * What a variant is chosen by: [n, h, w, cin, cout, kh, kw, stride, dilation, groups], strides
 * and dilations being those of a row.
 */
export const convWeightsShape = (x: Shape, cout: number, window: Window, groups: number): Shape => [
  ...x,
  cout,
  ...window.kernel,
  window.stride[1],
  window.dilation[1],
  groups,
];

/** Share of a tile that must be in use for one tap to have it; an element alone costs more. */
const FULL = 0.75;

/** The family, and its usual variants by class of device and shape. */
export const convWeightsTunable: Tunable<ConvWeightsVariantName, ConvWeightsVariant> = {
  family: 'convWeights',
  variants: convWeightsVariants,
  fits(name, { subgroupSize }, shape) {
    const { form } = convWeightsVariants[name];
    if (form && !form.flat && !isQuads(shape[3]! / shape[9]!)) return false;
    const lanes = { subgroup4: 4, subgroup8: 8 }[name.replace('Flat', '')];
    return lanes === undefined || lanes === subgroupSize;
  },
  usual(target, shape) {
    const ci = shape[3]! / shape[9]!;
    const order: Blocked[] =
      target.kind === 'hardware' ? ['tile'] : ['subgroup8', 'subgroup4', 'registers'];
    const name = order.find((name) => convWeightsTunable.fits(`${name}Flat`, target, shape))!;
    const [rows] = convWeightsVariants[name].form!.tile;
    const taps = shape[5]! * shape[6]!;
    const used = ci / Math.ceil(ci / rows) / rows;
    const usedFlat = (taps * ci) / Math.ceil((taps * ci) / rows) / rows;
    return isQuads(ci) && used >= FULL * usedFlat ? name : `${name}Flat`;
  },
};

/** Workgroups that keep a device busy, and places that are worth a matrix of their own. */
const LEAST_JOBS = { hardware: 1024, cpu: 64 } as const;
const LEAST_PLACES = 256;
/** Places of a matrix: sums stay short, and what the jobs of a range share stays in a cache. */
const MOST_PLACES = 4096;
/** Bytes of all matrices. */
const MOST_BYTES = 32 * 1024 ** 2;

/** Into how many matrices a variant best divides the terms: one where dw itself is enough. */
export function convWeightsMatrices(
  { form }: ConvWeightsVariant,
  target: Target,
  { x, dy, dw }: Operands,
  a: Pick<ConvWeightsAttributes, 'window' | 'groups'>,
): number {
  if (!form) return 1;
  const { tiles } = divided(form, a, x.shape[3]!, dy.shape[3]!);
  const places = sizeOf(dy.shape.slice(0, 3));
  const jobs = target.kind === 'hardware' ? LEAST_JOBS.hardware : LEAST_JOBS.cpu;
  const wanted = Math.min(Math.ceil(jobs / tiles), Math.ceil(places / LEAST_PLACES));
  const room = Math.floor(Math.min(MOST_BYTES, target.maxBinding) / (4 * sizeOf(dw.shape)));
  return Math.max(1, Math.min(Math.max(wanted, Math.ceil(places / MOST_PLACES)), room));
}
