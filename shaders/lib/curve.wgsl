// Stages that are curves: exponentials, logarithms, activations and their gradients. Chains without any take the
// edition `no_curve.wgsl`, and the compiler need not read all this: half of the time that a small chain takes to compile.

// use lib/quad.wgsl
// use lib/activation.wgsl

fn curve(op: u32, r: T, e: T) -> T {
  switch op {
    case 15u: { return exp_of(r); }
    case 16u: { return log_of(r); }
    case 19u: { return tanh_of(r); }
    case 20u: { return sigmoid(r); }
    case 23u: { return silu(r); }
    case 24u: { return gelu(r); }
    case 25u: { return hard_swish(r); }
    case 26u: { return softplus(r); }
    case 31u: { return r * silu_slope(e); }                      // silu gradient, e = x
    case 32u: { return r * gelu_slope(e); }
    case 33u: { return r * hard_swish_slope(e); }
    case 34u: { return r * sigmoid(e); }                         // softplus gradient, e = x
    default: { return r; }
  }
}
