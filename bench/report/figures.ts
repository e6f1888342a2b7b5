/** Numbers as the report shows them. What is not finite is a dash. */

import { bytes } from '../../src/gpu/faults.ts';

/** Three significant digits, or all of the integer part: 0.0123, 12.3, 12,345. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString('en');
  return size === 0 || size >= 1e-4 ? value.toPrecision(3) : value.toExponential(1);
}

/** Milliseconds in the unit that suits them. */
export function time(ms: number): string {
  if (ms < 0.9995) return `${figure(ms * 1e3)} µs`;
  return ms < 1e4 ? `${figure(ms)} ms` : `${figure(ms / 1e3)} s`;
}

/** Bytes in the unit that suits them: 256 KiB, 4.2 MiB. */
export const size = (count: number) => bytes(count).replace('.0 ', ' ');

/** Seconds that a person waited. */
export function wait(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

export const percent = (value: number) =>
  Number.isFinite(value) ? `${value.toFixed(value < 9.95 ? 1 : 0)} %` : '–';

/** Fixed decimals for a column, so that its smallest value keeps three digits; five at most. */
export function column(values: readonly number[]): (value: number) => string {
  const smallest = Math.min(...values.filter((v) => Number.isFinite(v) && v > 0));
  const digits = Number.isFinite(smallest) ? 2 - Math.floor(Math.log10(smallest)) : 0;
  const fixed = Math.min(5, Math.max(0, digits));
  const options = { minimumFractionDigits: fixed, maximumFractionDigits: fixed };
  return (value) => (Number.isFinite(value) ? value.toLocaleString('en', options) : '–');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const geometricMean = (values: readonly number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
