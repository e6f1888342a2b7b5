// exp, log and tanh on T to a few units in the last place. WGSL lets the builtins be much worse, and on two adapters
// they were: exp off by 4e-6 at -80, log by 6e-4 at 1 - 3e-5, tanh by 7e-2 at 1e-6, all relative.
//
// No formula here relies on how a sum is rounded: compilers turn (1 + u) - 1 into u. What is not finite comes out as it
// should, NaN too, which some builtins turn into a number.

const LOG2_E = 1.4426950408889634;
// ln 2 in two parts; the first has so few bits that whole numbers below 2^15 times it are exact.
const LN_2_HIGH = 0.693145751953125;
const LN_2_LOW = 1.4286068203094172e-6;

// exp(x) = 2^n exp(r), where r = x - n ln 2 is between ±0.35 and a polynomial does (Moshier, Cephes, expf). 2^n is
// applied in two halves, since alone it may not be a number that f32 holds.
fn exp_of(x: T) -> T {
  let n = round(clamp(x, T(-110.0), T(90.0)) * LOG2_E);
  let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
  let tail = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r
    + 1.6666665459e-1) * r + 5.0000001201e-1;
  let half = I(n) / 2;
  let y = (tail * r * r + r + 1.0) * power_of_2(half) * power_of_2(I(n) - half);
  return select(y, T(0.0), x < T(-105.0));
}

// 2^n for n from -126 to 127. A product with it keeps NaN; ldexp need not.
fn power_of_2(n: I) -> T { return bitcast<T>((n + 127) * 8388608); }

// log((1 + s) / (1 - s)) for |s| <= 1/3: 2 (s + s³ / 3 + s⁵ / 5 + ...), to 2e-8 of its value.
fn log_of_ratio(s: T) -> T {
  let z = s * s;
  return 2.0 * s * (1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z / 13.0))))));
}

// log(2^n m) = n ln 2 + log(m), with m between √½ and √2 so that nothing cancels near 1. What is too small gives
// -infinity, a negative number NaN, as its root does; infinity and NaN stay.
fn log_of(x: T) -> T {
  let parts = frexp(x);
  let low = parts.fract < T(0.7071067811865476);
  let m = select(parts.fract, 2.0 * parts.fract, low);
  let n = T(parts.exp) - select(T(0.0), T(1.0), low);
  let value = n * LN_2_HIGH + (n * LN_2_LOW + log_of_ratio((m - 1.0) / (m + 1.0)));
  let small = select(-1.0 / abs(x), sqrt(x), x < T(0.0));
  let special = select(x, small, x < T(0x1p-126));
  return select(special, value, (x >= T(0x1p-126)) & (x <= T(0x1.fffffep+127)));
}

// log(1 + u) for u from 0 to 1.
fn log_of_1_plus(u: T) -> T { return log_of_ratio(u / (2.0 + u)); }

// A polynomial near 0 (Moshier, Cephes, tanhf), elsewhere (1 - e) / (1 + e) with e = exp(-2|x|), which cannot overflow.
fn tanh_of(x: T) -> T {
  let z = x * x;
  let near = x + x * z * ((((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z
    + 1.33314422036e-1) * z - 3.33332819422e-1);
  let e = exp_of(-2.0 * abs(x));
  let far = sign(x) * (1.0 - e) / (1.0 + e);
  return select(far, near, abs(x) < T(0.625));
}
