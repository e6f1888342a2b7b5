// The mean of n values and m2 = Σ (x - mean)². Differences are taken before anything is squared, so nothing cancels.

// use lib/quad.wgsl

struct Moments { mean: T, m2: T, n: f32 }

// Those of two sets of values together (Chan, Golub and LeVeque 1979).
fn joined(a: Moments, b: Moments) -> Moments {
  let n = a.n + b.n;
  let difference = b.mean - a.mean;
  let share = b.n / n;
  return Moments(a.mean + difference * share, a.m2 + b.m2 + difference * difference * (share * a.n), n);
}
