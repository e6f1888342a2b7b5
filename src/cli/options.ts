/** Options that several commands have. */

import { InvalidArgumentError, Option } from 'commander';
import { ADAPTER_KINDS } from '../platform/types.ts';

export const adapterOption = () =>
  new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
    .choices(ADAPTER_KINDS)
    .env('KINEGRAD_ADAPTER');

/** A number as it was typed, or a refusal that shows it. */
export function number(typed: string): number {
  const value = Number(typed);
  if (typed.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('It is no number.');
  return value;
}
