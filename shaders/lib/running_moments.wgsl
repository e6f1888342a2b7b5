// The mean of values that come two at a time, and Σ (x - mean)²: the mean u of p and q joins the mean v of the n before them
// (Chan, Golub and LeVeque 1979),
//   squares = squares + (p - q)² / 2 + (u - v)² 2 n / (n + 2)         v = v + (u - v) 2 / (n + 2)
// so that all are read once, and no digits are lost as by E[x²] - E[x]². Take p and q from some value of theirs first: then the mean loses none, either.

// use lib/quad.wgsl

struct Running { average: T, squares: T, n: f32 }

fn no_values() -> Running { return Running(T(0.0), T(0.0), 0.0); }

fn with_two(m: Running, p: T, q: T) -> Running {
  let apart = p - q;
  let difference = 0.5 * (p + q) - m.average;
  let share = 2.0 / (m.n + 2.0);
  let squares = m.squares + 0.5 * apart * apart + difference * difference * (share * m.n);
  return Running(m.average + difference * share, squares, m.n + 2.0);
}

fn with_one(m: Running, p: T) -> Running {
  let difference = p - m.average;
  let share = 1.0 / (m.n + 1.0);
  return Running(m.average + difference * share, m.squares + difference * difference * (share * m.n), m.n + 1.0);
}

// Of the lanes of all Ts together: the mean, and the mean of the squared differences from it.
struct Together { mean: f32, variance: f32 }

fn together(m: Running) -> Together {
  let mean = sum_lanes(m.average) / f32(LANES);
  let difference = m.average - mean;
  return Together(mean, sum_lanes(m.squares + m.n * difference * difference) / (m.n * f32(LANES)));
}
