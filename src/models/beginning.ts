/** Networks that begin with the weights of others: of a published one, or of a part of themselves. */

import { initialValuesOf, type Values } from '../graph/store.ts';
import { show } from '../graph/trace.ts';
import type { VariableSet } from '../graph/variables.ts';
import { WrongFileError } from '../platform/errors.ts';
import { GUESS } from './blocks/first_guess.ts';
import type { ModelVariables } from './layers.ts';
import { martinez } from './martinez.ts';
import type { Weights } from './weights.ts';

/**
 * Values for the variables of a network: those of a weights file by their names, all others as a new
 * network of that seed has them. A residual lifter is the first guess of a two-stage one.
 * @throws WrongFileError where the file holds what the network has not, or has in another shape: all of it
 * is listed; and where it lacks the first guess, which is not learned
 */
export async function beginningOf(
  { parameters, statistics }: ModelVariables,
  weights: Weights,
  seed: number,
): Promise<ReadonlyMap<VariableSet, Values>> {
  const { architecture } = weights;
  const values = named(weights, weights.values);
  const shapes = named(weights, weights.shapes);
  const sets = [parameters, statistics];
  const own = new Map(sets.flatMap(({ variables }) => variables.map((v) => [v.name, v] as const)));
  if (architecture === martinez.architecture && ![...own.keys()].some(isGuess))
    throw new WrongFileError(
      `${parameters.name} can't begin from a ${architecture} without a guess. Give --guess ${weights.options.width}, the option guess of the network`,
    );
  const strange = [...shapes].flatMap(([name, shape]) => {
    const variable = own.get(name);
    if (!variable) return [`there is no ${name}`];
    if (variable.shape.join() === shape.join()) return [];
    return [`${name} is ${show(variable.shape)}, in the file ${show(shape)}`];
  });
  if (strange.length > 0)
    throw new WrongFileError(
      `${parameters.name} can't begin from these weights: ${strange.join('; ')}. Give the options that they were made with, or other weights`,
    );
  const unguessed = [...own.keys()].find((name) => isGuess(name) && !values.has(name));
  if (unguessed !== undefined)
    throw new WrongFileError(
      `${parameters.name}: its guess does not learn, and the weights of this ${architecture} have no ${unguessed}. Begin from a run of martinez, or from one that has a guess`,
    );
  const all = new Map<VariableSet, Values>();
  for (const set of sets) {
    const begun = await initialValuesOf(set, seed);
    for (const name of begun.keys()) if (values.has(name)) begun.set(name, values.get(name)!);
    all.set(set, begun);
  }
  return all;
}

const isGuess = (name: string): boolean => name.startsWith(GUESS);

/** Names as a two-stage lifter has them: all that a residual lifter has is its guess. */
const named = <T>(
  { architecture }: Weights,
  all: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> =>
  architecture === martinez.architecture
    ? new Map([...all].map(([name, value]) => [GUESS + name, value]))
    : all;

/** In words, how much of a network begins with the values of a weights file. */
export function describeBeginning(
  { parameters, statistics }: ModelVariables,
  weights: Weights,
): string {
  const values = named(weights, weights.values);
  const known = parameters.variables.filter(({ name }) => values.has(name));
  const count = (of: readonly { readonly size: number }[]) =>
    of.reduce((sum, { size }) => sum + size, 0).toLocaleString('en');
  const guess = statistics.variables.filter(({ name }) => isGuess(name));
  const guessed = guess.length > 0 ? `; ${count(guess)} more guess first, and stay` : '';
  return `${count(known)} of ${count(parameters.variables)} parameters begin as they were trained before${guessed}`;
}
