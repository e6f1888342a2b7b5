/** Settings of a training run: what each may be, and errors that say so. */

export type Rule =
  | { readonly kind: 'whole' | 'real'; readonly least: number; readonly most: number }
  | { readonly kind: 'choice'; readonly of: readonly unknown[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly orNull?: true }
  /** Numbers, flags and words by name, which someone else checks. */
  | { readonly kind: 'options' };

export type Rules<Config> = { readonly [Name in keyof Config]: Rule };

export const whole = (least: number, most: number): Rule => ({ kind: 'whole', least, most });
export const real = (least: number, most: number): Rule => ({ kind: 'real', least, most });
export const choice = (...of: readonly unknown[]): Rule => ({ kind: 'choice', of });
export const FLAG: Rule = { kind: 'flag' };
export const TEXT: Rule = { kind: 'text' };

/**
 * A whole configuration from some of it; the rest are defaults.
 * @throws for a name that is not known, or a value outside its range, with the rule
 */
export function settingsOf<Config extends object>(
  defaults: Config,
  rules: Rules<Config>,
  given: Readonly<Record<string, unknown>>,
): Config {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, name))
      throw new Error(
        `config: there is no '${name}'; the names are ${Object.keys(rules).join(', ')}`,
      );
    const wish = refusal(rules[name as keyof Config], value);
    if (wish) throw new Error(`config: ${name} ${wish}, got ${JSON.stringify(value)}`);
  }
  return { ...defaults, ...given };
}

/** What a value must be, where it is not. */
function refusal(rule: Rule, value: unknown): string | undefined {
  switch (rule.kind) {
    case 'whole':
    case 'real': {
      const { kind, least, most } = rule;
      const fits = typeof value === 'number' && value >= least && value <= most;
      if (fits && (kind === 'real' || Number.isInteger(value))) return undefined;
      return `must be a ${kind === 'whole' ? 'whole ' : ''}number from ${least} to ${most}`;
    }
    case 'choice':
      return rule.of.includes(value) ? undefined : `must be one of ${rule.of.join(', ')}`;
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'text':
      return typeof value === 'string' || (rule.orNull && value === null)
        ? undefined
        : 'must be text';
    case 'options': {
      const plain = (v: unknown) => ['number', 'boolean', 'string'].includes(typeof v);
      const named = typeof value === 'object' && value !== null && !Array.isArray(value);
      return named && Object.values(value).every(plain)
        ? undefined
        : 'must be numbers, flags or words by name';
    }
  }
}
