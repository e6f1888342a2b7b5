/** What the options of a run name: cases, before any device is opened, and then their variants. */

import type { Gpu } from '../src/gpu/gpu.ts';
import { matches } from './families.ts';
import type { Case, Family } from './family.ts';
import { withHalfCases } from './measure/half_cases.ts';
import { nameOf, type Wish } from './measure/session.ts';
import { filesOf, isReal, variantsOf } from './measure/variants.ts';
import type { Failure } from './rows.ts';

export interface Selection {
  readonly filter?: string;
  readonly shape?: readonly number[];
  /** Cases in f16, too. */
  readonly f16?: boolean;
  /** All variants side by side, or those of the ladder in its order. */
  readonly variants?: boolean;
  readonly ladder?: boolean;
  /** Only what runs one of these shader files, such as `lib/reduce.wgsl`. */
  readonly uses?: readonly string[];
  /** Whether other engines do what is named: whole models need be no kernel of ours. */
  readonly beside?: boolean;
}

/** A case and the family that it is of. */
export type Selected = Pick<Wish, 'family' | 'what'>;

/**
 * The cases that the options name. A family that has no such shape is a failure, as long as there
 * is another one that has it.
 * @throws in one line for each reason, where nothing is left
 */
export function select(
  all: readonly Family[],
  { filter = '', shape, f16 = false, beside = false }: Selection,
): { selected: Selected[]; failures: Failure[] } {
  const families = f16 ? all.map(withHalfCases) : all;
  const casesAt = (family: Family, shapes: readonly Case['shape'][]) =>
    shapes
      .flatMap((each) => family.cases(each))
      .filter((what) => matches(filter, textOf(family, what)));
  // The filter judges the usual shapes: one of `--shape` may be none of the family's.
  const named = families.filter((family) => casesAt(family, family.shapes).length > 0);
  const names = (of: readonly Family[]) => of.map(({ name }) => name).join(', ');
  if (named.length === 0 && beside) return { selected: [], failures: [] };
  if (named.length === 0)
    throw new Error(
      `--filter ${filter}: nothing has this name. The families are ${names(families)}`,
    );
  const failures: Failure[] = [];
  const selected = named.flatMap((family): Selected[] => {
    try {
      return casesAt(family, shape ? [shape] : family.shapes).map((what) => ({ family, what }));
    } catch (error) {
      failures.push(failureOf(family.name, error));
      return [];
    }
  });
  if (selected.length === 0) throw new Error(failures.map(({ why }) => why).join('\n'));
  return { selected, failures };
}

/** What a filter is held against. */
export const textOf = (family: Family, { name = '', pass, dtype = 'f32' }: Case) =>
  `${family.name} ${name} ${pass} ${dtype}`;

const failureOf = (what: string, error: unknown): Failure => ({
  engine: 'kinegrad',
  what,
  why: error instanceof Error ? error.message : String(error),
  expected: false,
});

/**
 * The variants of the cases that are to be measured: the engine's own choice where none are asked
 * for. What cannot be planned is added to the failures.
 * @throws where nothing is left of them, with the reason
 */
export function wishesOf(
  gpu: Gpu,
  selected: readonly Selected[],
  options: Selection,
  failures: Failure[],
): Wish[] {
  const { uses } = options;
  const wishes = selected.flatMap((one): Wish[] => {
    try {
      if (!isReal(gpu, one.what)) return [];
      const all = variantsAsked(gpu, one, options).map((variant) => ({ ...one, ...variant }));
      return all.filter((wish) => !uses || filesOf(gpu, wish).some((file) => uses.includes(file)));
    } catch (error) {
      failures.push(failureOf(nameOf(one), error));
      return [];
    }
  });
  if (wishes.length > 0 || selected.length === 0) return wishes;
  if (failures.length > 0) throw new Error(failures.map(({ why }) => why).join('\n'));
  // The engine's own choice is always there.
  throw new Error(
    uses
      ? `--uses ${uses.join(' ')}: nothing that is chosen runs these files`
      : '--ladder: what is chosen has no ladder; matmul has one',
  );
}

function variantsAsked(
  gpu: Gpu,
  { family, what }: Selected,
  { variants, ladder }: Selection,
): { variant?: string }[] {
  if (!variants && !ladder) return [{}];
  const all = variantsOf(gpu, family, what);
  const wanted = ladder ? (family.ladder ?? []).filter((name) => all.includes(name)) : all;
  return wanted.length > 0 ? wanted.map((variant) => ({ variant })) : ladder ? [] : [{}];
}
