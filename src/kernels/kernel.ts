/**
 * A kernel is one WGSL file and a typed binding that says what it reads and writes, how many
 * workgroups it takes, and the bytes and flops it cannot avoid. Calling it gives the dispatches of
 * one call; the plan decides when and where they run.
 */

import { LimitError, ShaderError } from '../gpu/faults.ts';
import type { Constants, Editions, KernelFile } from '../gpu/shader.ts';
import { elementBytes, type Operand, rows, sizeOf } from './tensor.ts';
import type { Variants } from './tuning.ts';

/** What the planner knows of the device, for kernels to choose by. */
export interface Target {
  /** `lavapipe` and `swiftshader` run on the CPU and want kernels without barriers. */
  readonly kind: 'hardware' | 'lavapipe' | 'swiftshader';
  /** Lanes of every subgroup, or 0 where they vary or there are none. */
  readonly subgroupSize: number;
  /** Whether WGSL has the type f16 there. */
  readonly hasF16: boolean;
  /** Bytes of the largest range that one binding may cover. */
  readonly maxBinding: number;
  /** Variants that the program is to use; see `choose` of `tuning.ts`. */
  readonly told?: Variants | undefined;
  /** Variants of a family that were measured to be the fastest at a shape or near it, best first. */
  readonly tuned?: (family: string, shape: readonly number[]) => readonly string[];
  /** Is told of every choice; see `choiceKey`. */
  readonly onChoice?: (key: string, variant: string) => void;
}

export interface Cost {
  readonly bytes: number;
  readonly flops: number;
}

/** One run of a pipeline. */
export interface Dispatch {
  readonly kernel: KernelFile;
  readonly overrides: Readonly<Record<string, number>>;
  readonly constants: Constants;
  readonly editions: Editions;
  /** Values of the WGSL `Params`, by name. */
  readonly params: Readonly<Record<string, number>>;
  /** Storage bindings by WGSL name. */
  readonly operands: Readonly<Record<string, Operand>>;
  readonly groups: readonly [number, number, number];
  readonly cost: Cost;
}

type Operands<Name extends string> = Readonly<Record<Name, Operand>>;
type Numbers = Readonly<Record<string, number>>;

export interface KernelSpec<In extends string, Out extends string, Attributes> {
  /** Storage buffers read, named as in the WGSL. */
  readonly reads: readonly In[];
  /** Storage buffers written, named as in the WGSL. */
  readonly writes: readonly Out[];
  /** Values of the WGSL `Params`, by name. */
  readonly params?: (t: Operands<In | Out>, a: Attributes, target: Target) => Numbers;
  /** Values of the WGSL `override` constants. */
  readonly overrides?: (t: Operands<In | Out>, a: Attributes, target: Target) => Numbers;
  /** Values of named top-level `const` and `alias` declarations. */
  readonly constants?: (t: Operands<In | Out>, a: Attributes) => Constants;
  /** Other editions of the libraries it uses, such as singles where quads do not fit. */
  readonly editions?: (t: Operands<In | Out>, a: Attributes) => Editions;
  /**
   * Number of workgroups: of a line, which is folded into two dimensions when it is long, or of x,
   * y and z.
   */
  readonly groups: (
    t: Operands<In | Out>,
    a: Attributes,
    target: Target,
  ) => number | readonly [number, number, number];
  /** Work the kernel cannot avoid: what the bench divides by time. */
  readonly cost: (t: Operands<In | Out>, a: Attributes) => Cost;
  /**
   * Operands that may be cut into ranges of rows along their leading axis, when one binding cannot
   * hold them.
   */
  readonly cut?: (t: Operands<In | Out>, a: Attributes) => readonly (In | Out)[];
  /** Pieces have a multiple of this many rows. */
  readonly cutRows?: number;
  /**
   * The most rows that the grid of one dispatch can take, where that is limited: a call with more
   * is cut, too.
   */
  readonly mostRows?: (t: Operands<In | Out>, a: Attributes) => number;
  /**
   * Attributes for the piece that starts at row `first`. Reductions over the rows add to what
   * earlier pieces wrote.
   */
  readonly piece?: (
    a: Attributes,
    first: number,
    t: Operands<In | Out>,
    last: boolean,
  ) => Attributes;
}

export interface Kernel<In extends string, Out extends string, Attributes> {
  (target: Target, t: Operands<In | Out>, attributes: Attributes): Dispatch[];
  readonly file: KernelFile;
  readonly spec: KernelSpec<In, Out, Attributes>;
}

/** Binds one WGSL file to a typed function from operands to dispatches. */
export function kernel<const In extends string, const Out extends string, Attributes = void>(
  file: KernelFile,
  spec: KernelSpec<In, Out, Attributes>,
): Kernel<In, Out, Attributes> {
  agree(file, spec);
  const run = (target: Target, t: Operands<In | Out>, attributes: Attributes): Dispatch[] =>
    pieces(file, spec, target, t, attributes).map(({ t, a }) => {
      const groups = spec.groups(t, a, target);
      return {
        kernel: file,
        overrides: spec.overrides?.(t, a, target) ?? {},
        constants: spec.constants?.(t, a) ?? {},
        editions: spec.editions?.(t, a) ?? {},
        params: spec.params?.(t, a, target) ?? {},
        operands: t,
        groups: typeof groups === 'number' ? fold(groups) : groups,
        cost: spec.cost(t, a),
      };
    });
  return Object.assign(run, { file, spec });
}

/** Binds another WGSL file with the same operands; `more` says what differs. */
export const kernelLike = <In extends string, Out extends string, Attributes>(
  file: KernelFile,
  { spec }: Kernel<In, Out, Attributes>,
  more: Partial<KernelSpec<In, Out, Attributes>>,
): Kernel<In, Out, Attributes> => kernel(file, { ...spec, ...more });

/**
 * A kernel of which others share a part. They are joined here, since a bundler takes an object that
 * is spread at the top of a module for one that may do something, and keeps it.
 */
export const kernelWith = <In extends string, Out extends string, Attributes>(
  file: KernelFile,
  shared: Partial<KernelSpec<In, Out, Attributes>>,
  own: Pick<KernelSpec<In, Out, Attributes>, 'reads' | 'writes' | 'cost'> &
    Partial<KernelSpec<In, Out, Attributes>>,
): Kernel<In, Out, Attributes> =>
  kernel(file, { ...shared, ...own } as KernelSpec<In, Out, Attributes>);

/**
 * A line of workgroups as a grid within the limit of 65,535 a dimension; `lib/grid.wgsl` unfolds
 * it.
 */
function fold(groups: number): [number, number, number] {
  const y = Math.max(1, Math.ceil(groups / 65_535));
  return [Math.ceil(groups / y), y, 1];
}

/** The binding of the WGSL and of the TypeScript must be the same. */
function agree(file: KernelFile, spec: { reads: readonly string[]; writes: readonly string[] }) {
  const said = (names: readonly string[]) => [...names].sort().join(', ');
  for (const [verb, names, writes] of [
    ['reads', spec.reads, false],
    ['writes', spec.writes, true],
  ] as const) {
    const declared = file.storage.filter((s) => s.writes === writes).map(({ name }) => name);
    if (said(declared) !== said(names))
      throw new ShaderError(
        `${file.file} ${verb} [${said(declared)}], its binding says [${said(names)}]: make them the same`,
      );
  }
}

/** One call as it is, or cut along rows into as many as the largest binding and the grid need. */
function pieces<In extends string, Out extends string, A>(
  file: KernelFile,
  spec: KernelSpec<In, Out, A>,
  { maxBinding }: Target,
  t: Operands<In | Out>,
  a: A,
): { t: Operands<In | Out>; a: A }[] {
  const bytesOf = (operand: Operand) => elementBytes(operand) * sizeOf(operand.shape);
  const names = Object.keys(t) as (In | Out)[];
  const large = names.filter((name) => bytesOf(t[name]) > maxBinding);
  const cut = spec.cut?.(t, a) ?? [];
  const total = t[cut[0]!]?.shape[0] ?? 1;
  const most = spec.mostRows?.(t, a) ?? Infinity;
  if (large.length === 0 && total <= most) return [{ t, a }];

  const whole = large.find((name) => !cut.includes(name));
  if (whole !== undefined)
    throw new LimitError(
      `${file.file}: ${t[whole].memory.name} [${t[whole].shape.join(', ')}] in one binding`,
      bytesOf(t[whole]),
      maxBinding,
      'this kernel cannot cut it, so use a smaller batch or a device with larger bindings',
    );
  // Bytes of a row.
  const widths = cut.map((name) => elementBytes(t[name]) * sizeOf(t[name].shape.slice(1)));
  // A binding starts at a multiple of 256 bytes.
  const step = widths.reduce((all, width) => lcm(all, 256 / gcd(256, width)), spec.cutRows ?? 1);
  const bound = Math.min(maxBinding / Math.max(...widths), most);
  const count = Math.floor(bound / step) * step;
  if (count < 1)
    throw new LimitError(
      `${file.file}: ${step} rows of ${t[large[0]!].memory.name}`,
      step * Math.max(...widths),
      maxBinding,
      'rows this long do not fit a binding, so use a narrower tensor',
    );
  const starts = Array.from({ length: Math.ceil(total / count) }, (_, i) => i * count);
  return starts.map((first) => ({
    t: Object.fromEntries(
      names.map((name) => [
        name,
        cut.includes(name) ? rows(t[name], first, Math.min(count, total - first)) : t[name],
      ]),
    ) as Operands<In | Out>,
    a: spec.piece ? spec.piece(a, first, t, first + count >= total) : a,
  }));
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;
