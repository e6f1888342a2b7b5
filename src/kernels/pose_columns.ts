/**
 * How maps [images, rows, width channels] are laid over threads: each takes one T of a row and walks
 * down some rows of an image, see `lib/map_columns.wgsl`.
 */

import { singles } from './chain.ts';
import type { KernelSpec, Target } from './kernel.ts';
import type { Operand } from './tensor.ts';
import { choose, type Tunable } from './tuning.ts';
import { lanesOf } from './walk.ts';

/** Threads of a workgroup, and rows of a thread; none where it walks as many as keep cores busy. */
interface Division {
  readonly width: number;
  readonly rows?: number;
}

/** How [images, rows, columns], columns in Ts, are divided among threads. */
export const mapColumnsTunable = {
  family: 'mapColumns',
  variants: {
    threads64rows4: { width: 64, rows: 4 },
    threads64rows16: { width: 64, rows: 16 },
    threads64rows64: { width: 64, rows: 64 },
    threads8: { width: 8 },
  },
  fits: () => true,
  usual: ({ kind }) => (kind === 'hardware' ? 'threads64rows16' : 'threads8'),
} as const satisfies Tunable<string, Division>;

/** Workgroups that keep the cores of a CPU busy. */
const LEAST_GROUPS = 32;

/** Threads of a workgroup, rows of a thread, and into how many parts the rows of an image are cut. */
export interface Columns {
  readonly width: number;
  readonly most: number;
  readonly parts: number;
}

/** The columns of maps [images, rows, width channels]; with `lanes` a thread takes single values. */
export function mapColumns(target: Target, maps: Operand, lanes?: 1): Columns {
  const [images, rows] = maps.shape as [number, number, number];
  const columns = columnsOf(maps, lanes);
  const name = choose(mapColumnsTunable, target, [images, rows, columns]);
  const { width, rows: told }: Division = mapColumnsTunable.variants[name];
  const wanted = Math.ceil((LEAST_GROUPS * width) / (images * columns));
  const most = told ?? Math.max(1, Math.ceil(rows / wanted));
  return { width, most, parts: Math.ceil(rows / most) };
}

/** Ts of a row. */
const columnsOf = (maps: Operand, lanes: 1 | 4 = lanesOf(maps)): number => maps.shape[2]! / lanes;

/** What calls of these kernels know: the division of the whole, and where a piece of it begins. */
export interface ColumnAttributes {
  readonly columns: Columns;
  readonly firstImage: number;
}

/** What the bindings of kernels share that walk down the columns of an operand. */
export function mapColumnsSpec<In extends string, Out extends string, A extends ColumnAttributes>(
  of: (t: Readonly<Record<In | Out, Operand>>) => Operand,
  more: (a: A, t: Readonly<Record<In | Out, Operand>>) => Readonly<Record<string, number>>,
  lanes?: 1,
): Pick<KernelSpec<In, Out, A>, 'editions' | 'overrides' | 'params' | 'groups' | 'piece'> {
  return {
    editions: (t) => ((lanes ?? lanesOf(of(t))) === 4 ? {} : singles),
    overrides: (_, { columns }) => ({ WIDTH: columns.width }),
    params: (t, a) => ({
      images: of(t).shape[0]!,
      rows: of(t).shape[1]!,
      columns: columnsOf(of(t), lanes),
      most: a.columns.most,
      first_image: a.firstImage,
      ...more(a, t),
    }),
    groups: (t, { columns }) =>
      Math.ceil((of(t).shape[0]! * columns.parts * columnsOf(of(t), lanes)) / columns.width),
    piece: (a, first) => ({ ...a, firstImage: a.firstImage + first }),
  };
}

/** Threads that join what the columns of one map hold: a CPU stops all but one vector at barriers. */
export const joiningThreads = ({ kind }: Target): number => (kind === 'hardware' ? 64 : 8);
