// Activations and what their derivatives multiply by, on T: one value or a quad.

// use lib/functions.wgsl

// exp of a number that is never positive cannot overflow, whatever the sign of x; and no side is 1 minus the other,
// which would lose the small one.
fn sigmoid(x: T) -> T {
  let u = exp_of(-abs(x));
  return select(u, T(1.0), x >= T(0.0)) / (1.0 + u);
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
fn softplus(x: T) -> T { return max(x, T(0.0)) + log_of_1_plus(exp_of(-abs(x))); }

// Phi(x) = erfc(-x / sqrt 2) / 2 by the Chebyshev fit of Press et al., Numerical Recipes, section 6.2: relative error
// below 1.2e-7 in exact arithmetic, so that the left tail is right too.
fn normal_cdf(x: T) -> T {
  let z = abs(x) * 0.7071067811865476;
  let t = 1.0 / (1.0 + 0.5 * z);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807
    + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  let tail = 0.5 * t * exp_of(p - z * z);
  return select(tail, 1.0 - tail, x >= T(0.0));
}

// gelu(x) = x Phi(x), Phi the cumulative normal distribution; its derivative is Phi(x) + x phi(x).
fn gelu(x: T) -> T { return x * normal_cdf(x); }
fn gelu_slope(x: T) -> T {
  return normal_cdf(x) + x * 0.3989422804014327 * exp_of(-0.5 * x * x);
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
