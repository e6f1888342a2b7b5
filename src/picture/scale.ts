/** Scales of a plot's axes. Round numbers along them are those of d3-array. */

import { ticks } from 'd3-array';

type Ends = readonly [number, number];

/** From values to places along an axis. */
export interface Scale {
  (value: number): number;
  readonly domain: Ends;
  readonly range: Ends;
  /** Equal factors are equally far apart, not equal differences. */
  readonly logarithmic: boolean;
  /** About `count` round values. */
  ticks(count: number): number[];
}

function scaleOf(
  domain: Ends,
  [from, to]: Ends,
  along: (v: number) => number,
  logarithmic: boolean,
) {
  const [first, last] = [along(domain[0]), along(domain[1])];
  const length = last - first || 1;
  const place = (value: number) => from + ((along(value) - first) / length) * (to - from);
  const round = (count: number) => ticks(domain[0], domain[1], count);
  const range: Ends = [from, to];
  return Object.assign(place, { domain, range, logarithmic, ticks: round }) satisfies Scale;
}

export const linearScale = (domain: Ends, range: Ends): Scale =>
  scaleOf(domain, range, (value) => value, false);

/** @param domain positive values */
export const logScale = (domain: Ends, range: Ends): Scale =>
  scaleOf(domain, range, Math.log, true);
