/**
 * Kernels of which there are several variants: files, or values of overrides. One is chosen for
 * each shape and device.
 */

import type { Target } from './kernel.ts';

/** Variants, by family and shape as {@link choiceKey} names them, or by family for all shapes. */
export type Variants = Readonly<Record<string, string>>;

/** A family of kernels that compute the same, and what is known of them. */
export interface Tunable<Name extends string, V> {
  /** The name that tuning databases and checkpoints know it by. */
  readonly family: string;
  /** The variants by name; the others are tested against the first. */
  readonly variants: Readonly<Record<Name, V>>;
  /** Whether a variant is right for this shape on this device. */
  fits(name: Name, target: Target, shape: readonly number[]): boolean;
  /** The variant to use where nothing was measured; it fits. */
  usual(target: Target, shape: readonly number[]): Name;
}

/** A family, whatever its variants are. */
export type AnyTunable = Tunable<string, unknown>;

/** The name of a choice, such as `matmul 1,64,1024,1024,0,0`. */
export const choiceKey = (family: string, shape: readonly number[]): string =>
  `${family} ${shape.join()}`;

/** The family and the shape of a choice. */
export function choiceOf(key: string): { family: string; shape: number[] } {
  const [family, shape] = key.split(' ') as [string, string];
  return { family, shape: shape.split(',').map(Number) };
}

/**
 * The name of the variant to use: what the program was told, else what was measured, else the usual
 * one. What does not exist or does not fit is passed over.
 * @throws where the program was told to use a variant for the whole family, and it does not fit
 */
export function choose<Name extends string, V>(
  { family, variants, fits, usual }: Tunable<Name, V>,
  target: Target,
  shape: readonly number[],
): Name {
  const key = choiceKey(family, shape);
  const right = (name: string | undefined): name is Name =>
    name !== undefined && Object.hasOwn(variants, name) && fits(name as Name, target, shape);
  const all = target.told?.[family];
  if (all !== undefined && !right(all)) {
    const names = Object.keys(variants).filter(right);
    throw new Error(
      `${family}: there is no variant '${all}' for [${shape.join(', ')}] on this device. ` +
        `Use one of ${names.join(', ')}`,
    );
  }
  const wanted = [target.told?.[key], all, ...(target.tuned?.(family, shape) ?? [])];
  const name = wanted.find(right) ?? usual(target, shape);
  target.onChoice?.(key, name);
  return name;
}

/** The variant to use; see {@link choose}. */
export const chosen = <Name extends string, V>(
  tunable: Tunable<Name, V>,
  target: Target,
  shape: readonly number[],
): V => tunable.variants[choose(tunable, target, shape)];

/** Throws where a variant was told for a family of which no choice was made. */
export function checkTold(told: Variants = {}, variants: Variants) {
  const families = new Set(Object.keys(variants).map((key) => choiceOf(key).family));
  const unknown = Object.keys(told).find((key) => !key.includes(' ') && !families.has(key));
  const known = [...families].join(', ') || 'none';
  if (unknown !== undefined)
    throw new Error(
      `variants: this program uses no ${unknown}. It chooses among those of ${known}`,
    );
}
