/** One moment of a motion and of what a filter made of it. */
export interface Moment {
  /** Seconds, ascending. */
  readonly time: number;
  readonly raw: ArrayLike<number>;
  readonly filtered: ArrayLike<number>;
}

const STEP = 0.005;

/**
 * How far a filtered motion lags behind the raw one, in seconds: the delay d of least squared
 * distance between filtered(t) and raw(t - d), the raw motion interpolated linearly. A constant
 * offset of a coordinate counts for nothing. Undefined where the motion is shorter than `longest`,
 * or stands still and says nothing.
 * @param longest the longest delay that is looked for, in seconds
 */
export function measureLag(moments: readonly Moment[], longest = 0.4): number | undefined {
  const first = moments[0]?.time ?? 0;
  const judged = moments.filter(({ time }) => time - first >= longest);
  if (judged.length < 5) return undefined;
  const delays = Array.from({ length: Math.floor(longest / STEP) + 1 }, (_, i) => i * STEP);
  const costs = delays.map((delay) => cost(moments, judged, delay));
  const best = costs.indexOf(Math.min(...costs));
  if (!(Math.max(...costs) > 1e-12)) return undefined;
  const [before, at, after] = [costs[best - 1], costs[best]!, costs[best + 1]];
  if (before === undefined || after === undefined) return delays[best]!;
  // The vertex of the parabola through the three.
  const bend = before - 2 * at + after;
  return delays[best]! + (bend > 0 ? ((before - after) / (2 * bend)) * STEP : 0);
}

/** Variance of filtered(t) - raw(t - delay), summed over the coordinates. */
function cost(moments: readonly Moment[], judged: readonly Moment[], delay: number): number {
  const count = judged[0]!.raw.length;
  const sums = new Float64Array(count);
  const squares = new Float64Array(count);
  let at = 0;
  for (const { time, filtered } of judged) {
    const wanted = time - delay;
    while (at + 2 < moments.length && moments[at + 1]!.time <= wanted) at++;
    const [a, b] = [moments[at]!, moments[at + 1]!];
    const share = Math.min(1, Math.max(0, (wanted - a.time) / (b.time - a.time)));
    for (let i = 0; i < count; i++) {
      const away = filtered[i]! - a.raw[i]! - share * (b.raw[i]! - a.raw[i]!);
      sums[i]! += away;
      squares[i]! += away * away;
    }
  }
  return sums.reduce((all, sum, i) => all + squares[i]! - (sum * sum) / judged.length, 0);
}
