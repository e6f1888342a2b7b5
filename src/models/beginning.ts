/** Networks that begin with the weights of others: of a published one, or of a part of themselves. */

import { initialValuesOf, type Values } from '../graph/store.ts';
import { show } from '../graph/trace.ts';
import type { VariableSet } from '../graph/variables.ts';
import { WrongFileError } from '../platform/errors.ts';
import type { ModelVariables } from './layers.ts';
import type { Weights } from './weights.ts';

/**
 * Values for the variables of a network: those of a weights file by their names, all others as a new
 * network of that seed has them.
 * @throws WrongFileError where the file holds what the network has not, or has in another shape: all of it
 * is listed
 */
export async function beginningOf(
  { parameters, statistics }: ModelVariables,
  { values, shapes }: Weights,
  seed: number,
): Promise<ReadonlyMap<VariableSet, Values>> {
  const sets = [parameters, statistics];
  const own = new Map(sets.flatMap(({ variables }) => variables.map((v) => [v.name, v] as const)));
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
  const all = new Map<VariableSet, Values>();
  for (const set of sets) {
    const begun = await initialValuesOf(set, seed);
    for (const name of begun.keys()) if (values.has(name)) begun.set(name, values.get(name)!);
    all.set(set, begun);
  }
  return all;
}

/** In words, how much of a network begins with the values of a weights file. */
export function describeBeginning({ parameters }: ModelVariables, { values }: Weights): string {
  const known = parameters.variables.filter(({ name }) => values.has(name));
  const count = (of: readonly { readonly size: number }[]) =>
    of.reduce((sum, { size }) => sum + size, 0).toLocaleString('en');
  return `${count(known)} of ${count(parameters.variables)} parameters begin as they were trained before`;
}
