/**
 * The One-Euro filter (Casiez, Roussel, Vogel: "1 Euro Filter", CHI 2012): a low-pass whose cutoff
 * rises with speed, so that it is smooth at rest and quick in motion. For each coordinate x,
 *
 *     alpha(fc) = 1 / (1 + 1 / (2 pi fc dt))
 *     v  <- v + alpha(speedCutoff) ((x - x_before) / dt - v)
 *     fc  = minCutoff + beta |v|
 *     y  <- y + alpha(fc) (x - y)
 *
 * where `x_before` is the filter's own last output, as in the paper (the authors' code has it so
 * since 2023; before it was the last input).
 */
export interface OneEuroOptions {
  /** Cutoff at rest, in Hz: less of it takes out more jitter, and lags more. 1 by default. */
  readonly minCutoff?: number;
  /** Hz that the cutoff gains for each unit a second of speed: more of it lags less in motion. 0 by default. */
  readonly beta?: number;
  /** Cutoff of the speed, in Hz. 1 by default. */
  readonly speedCutoff?: number;
}

export interface OneEuro {
  /**
   * Filters all coordinates of one moment, into an array that the next call overwrites.
   * @param time seconds, later than at the last call; a moment that is not begins anew
   */
  filter(values: ArrayLike<number>, time: number): Float64Array;
  /** Forgets the past: the next moment is given back as it is. */
  reset(): void;
}

/** A filter of `count` coordinates, each by itself. */
export function oneEuro(count: number, options: OneEuroOptions = {}): OneEuro {
  const { minCutoff = 1, beta = 0, speedCutoff = 1 } = options;
  if (!(minCutoff > 0 && beta >= 0 && speedCutoff > 0))
    throw new Error(
      `oneEuro: minCutoff ${minCutoff} Hz and speedCutoff ${speedCutoff} Hz must be above 0, ` +
        `and beta ${beta} not below.`,
    );
  const filtered = new Float64Array(count);
  const speed = new Float64Array(count);
  let last = Number.NaN;
  return {
    filter(values, time) {
      if (values.length !== count)
        throw new Error(
          `oneEuro: this filter has ${count} coordinates, got ${values.length}. Make one for each number of them`,
        );
      const dt = time - last;
      last = time;
      if (!(dt > 0)) {
        filtered.set(values);
        speed.fill(0);
        return filtered;
      }
      const ofSpeed = smoothing(speedCutoff, dt);
      for (let i = 0; i < count; i++) {
        const step = values[i]! - filtered[i]!;
        speed[i]! += ofSpeed * (step / dt - speed[i]!);
        filtered[i]! += smoothing(minCutoff + beta * Math.abs(speed[i]!), dt) * step;
      }
      return filtered;
    },
    reset() {
      last = Number.NaN;
    },
  };
}

/** What part of a step a first-order low-pass follows at once. */
const smoothing = (cutoff: number, dt: number) => 1 / (1 + 1 / (2 * Math.PI * cutoff * dt));
