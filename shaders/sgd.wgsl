// m = momentum m + g + decay p                  p = p - rate m
//
// Stochastic gradient descent with momentum, in PyTorch's form. One dispatch updates a slab of many parameters: each
// thread takes a quad, and blocks of 64 elements look up the rate and decay of their group.
//
// There is no division: the update is as finite as the gradient, and a step with one that is not is skipped.

// use lib/slab.wgsl

@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;

fn updated(i: u32, parameter: vec4f, gradient: vec4f, rate: f32, decay: f32) -> vec4f {
  m[i] = params.beta1 * m[i] + gradient + decay * parameter;
  return parameter - rate * m[i];
}
