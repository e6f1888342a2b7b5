import { linearScale, logScale, type Scale } from './scale.ts';
import { COLOURS } from './style.ts';
import { type Point, segment, text } from './svg.ts';

export const TICK_SIZE = 12;

/** Least and largest of the values, NaN aside; [0, 1] where there is none. */
export function extent(values: readonly number[]): [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/**
 * A vertical axis for these values, from `bottom` to `top`, with a little room at both ends. It is
 * logarithmic where the values are positive and spread over more than a factor of `spread`.
 */
export function valueScale(
  values: readonly number[],
  bottom: number,
  top: number,
  spread = 10,
): Scale {
  const [low, high] = extent(values);
  if (low > 0 && high > spread * low) {
    const room = (high / low) ** 0.06;
    return logScale([low / room, high * room], [bottom, top]);
  }
  const room = 0.08 * (high - low) || 0.1 * Math.abs(high) || 1;
  return linearScale([low >= 0 ? Math.max(0, low - room) : low - room, high + room], [bottom, top]);
}

/** About `count` round values of an axis; a logarithmic one has 1, 2 and 5 or powers of ten. */
export function ticksOf(scale: Scale, count: number): number[] {
  if (!scale.logarithmic) return scale.ticks(count);
  const [low, high] = scale.domain;
  const decades: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) decades.push(e);
  const inside = (digits: readonly number[], stride = 1) =>
    decades
      .filter((e) => e % stride === 0)
      .flatMap((e) => digits.map((digit) => Number(`${digit}e${e}`)))
      .filter((value) => value >= low && value <= high);
  const choices = [
    inside([1, 1.5, 2, 3, 4, 5, 6, 8]),
    inside([1, 2, 3, 5]),
    inside([1, 2, 5]),
    inside([1, 3]),
    inside([1]),
    inside([1], 2),
    inside([1], 5),
  ];
  return choices.find((ticks) => ticks.length <= count + 2) ?? inside([1], 20);
}

/** Horizontal lines across a plot with their values at the left. */
export function valueAxis(scale: Scale, left: number, right: number, count = 5): string {
  return ticksOf(scale, count)
    .map((value) => {
      const y = scale(value);
      return (
        segment([left, y], [right, y], { stroke: COLOURS.grid }) +
        label([left - 8, y + 4], formatNumber(value), 'end')
      );
    })
    .join('');
}

/** Marks and numbers along the bottom of a plot. */
export function stepAxis(scale: Scale, bottom: number): string {
  const whole = scale.ticks(7).filter(Number.isInteger);
  const last = scale.range[1];
  return whole
    .map((step) => {
      const x = scale(step);
      const mark = segment([x, bottom], [x, bottom + 4], { stroke: COLOURS.ground });
      return mark + label([Math.min(x, last), bottom + 18], formatStep(step), 'middle');
    })
    .join('');
}

function label(at: Point, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return text(at, content, {
    'font-size': TICK_SIZE,
    'text-anchor': anchor,
    fill: COLOURS.muted,
  });
}

/** 0.002, 15, 3,000 and 1e-5: three digits at most. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6)
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** 500, 1.5k, 20k, 3M. */
export function formatStep(step: number): string {
  if (step >= 1e6) return `${Number((step / 1e6).toPrecision(3))}M`;
  return step >= 1e4 ? `${Number((step / 1e3).toPrecision(3))}k` : step.toLocaleString('en-US');
}
