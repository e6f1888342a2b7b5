/** Series of numbers over training steps, made ready to be drawn. */

/** Values over steps; NaN where a line must break. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** A value this many times the level of the first ones is a run that diverged. */
const DIVERGED = 30;

/**
 * The entries that have a value, with NaN in place of each that is not finite or has diverged (30
 * times the larger of the first one and the median of the first seven).
 * @returns also how many were cut in that way
 */
export function cutDiverged({ steps, values }: Series): Series & { readonly cut: number } {
  const first = values.filter(Number.isFinite).slice(0, 7).map(Math.abs);
  const median = [...first].sort((a, b) => a - b)[first.length >> 1] ?? 0;
  const level = Math.max(median, first[0] ?? 0);
  const limit = level > 0 ? DIVERGED * level : Infinity;
  const kept = values.map((value) => (Math.abs(value) <= limit ? value : Number.NaN));
  return { steps, values: kept, cut: kept.filter(Number.isNaN).length };
}

/**
 * The middle of about a fortieth of the entries: a straight line fitted by least squares to the
 * entries about each one, which is their mean away from the ends, and does not bend the ends. On a
 * logarithmic axis it is fitted to the logarithms.
 */
export function smooth({ steps, values }: Series, logarithmic: boolean): Series {
  const reach = Math.floor(values.length / 80);
  const out = new Array<number>(values.length).fill(Number.NaN);
  for (const [start, end] of runs(values)) {
    const sums = [0]; // of the values before each index, and of index times value
    const moments = [0];
    for (let i = start; i < end; i++) {
      const value = logarithmic ? Math.log(values[i]!) : values[i]!;
      sums.push(sums.at(-1)! + value);
      moments.push(moments.at(-1)! + (i - start) * value);
    }
    const count = end - start;
    for (let i = 0; i < count; i++) {
      const low = Math.max(0, i - reach);
      const high = Math.min(count, i + reach + 1);
      const n = high - low;
      const centre = (low + high - 1) / 2;
      const sum = sums[high]! - sums[low]!;
      const moment = moments[high]! - moments[low]! - centre * sum;
      const slope = n > 2 ? moment / ((n * (n * n - 1)) / 12) : 0;
      const fitted = sum / n + slope * (i - centre);
      out[start + i] = reach === 0 ? values[start + i]! : logarithmic ? Math.exp(fitted) : fitted;
    }
  }
  return { steps, values: out };
}

/** The stretches [start, end) without NaN. */
export function runs(values: readonly number[]): [start: number, end: number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    if (i > 0 && !Number.isNaN(values[i - 1])) found.at(-1)![1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

/**
 * What a line `columns` wide can show of a series: of each column's entries the first, the least,
 * the largest and the last, and every gap.
 */
export function thin({ steps, values }: Series, columns: number): Series {
  const from = steps[0] ?? 0;
  const width = ((steps.at(-1) ?? 0) - from) / columns || 1;
  const column = (i: number) => Math.min(columns - 1, Math.floor((steps[i]! - from) / width));
  const kept: number[] = [];
  for (let start = 0, end = 0; start < values.length; start = end) {
    const gap = Number.isNaN(values[start]);
    let least = start;
    let largest = start;
    for (end = start; end < values.length; end++) {
      if (column(end) !== column(start) || Number.isNaN(values[end]) !== gap) break;
      if (values[end]! < values[least]!) least = end;
      if (values[end]! > values[largest]!) largest = end;
    }
    kept.push(...new Set([start, least, largest, end - 1].sort((a, b) => a - b)));
  }
  return { steps: kept.map((i) => steps[i]!), values: kept.map((i) => values[i]!) };
}

/** Index of the smallest value, NaN aside; -1 where there is none. */
export function indexOfLeast(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value < (values[best] ?? Infinity) ? i : best), -1);
}
