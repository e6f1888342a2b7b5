// Activations and what their derivatives multiply by, on T: one value or a quad.

// tanh saturates in f32 beyond 9.02; the clamp keeps implementations that divide exponentials finite.
fn tanh_of(x: T) -> T { return tanh(clamp(x, T(-10.0), T(10.0))); }

// exp of a number that is never positive cannot overflow, whatever the sign of x.
fn sigmoid(x: T) -> T {
  let s = 1.0 / (1.0 + exp(-abs(x)));
  return select(1.0 - s, s, x >= T(0.0));
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)). Where u = exp(-|x|) is so small that 1 + u rounds,
// log(1 + u) u / ((1 + u) - 1) makes the rounding cancel (Goldberg 1991, theorem 4).
fn softplus(x: T) -> T {
  let u = exp(-abs(x));
  let w = 1.0 + u;
  let rounded = w - 1.0;
  let tail = select(log(w) * (u / max(rounded, T(1e-30))), u, rounded == T(0.0));
  return max(x, T(0.0)) + tail;
}

// erf by Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7.
fn erf(x: T) -> T {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign(x) * (1.0 - p * exp(-x * x));
}

// gelu(x) = x Phi(x), Phi the cumulative normal distribution; its derivative is Phi(x) + x phi(x).
fn gelu(x: T) -> T { return 0.5 * x * (1.0 + erf(x * 0.7071067811865476)); }
fn gelu_slope(x: T) -> T {
  return 0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * exp(-0.5 * x * x);
}

fn silu(x: T) -> T { return x * sigmoid(x); }
fn silu_slope(x: T) -> T {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}

// hard_swish(x) = x clamp(x + 3, 0, 6) / 6
fn hard_swish(x: T) -> T { return x * clamp(x + 3.0, T(0.0), T(6.0)) / 6.0; }
fn hard_swish_slope(x: T) -> T {
  let inner = select(T(1.0), (2.0 * x + 3.0) / 6.0, x < T(3.0));
  return select(T(0.0), inner, x > T(-3.0));
}
