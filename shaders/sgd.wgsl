// m = momentum m + g + decay p                  p = p - rate m
//
// Stochastic gradient descent with momentum, in PyTorch's form. One dispatch updates a slab of many parameters: each
// thread takes quads, and looks up the rate and decay of their group.
//
// There is no division: the update is as finite as the gradient, and a step with one that is not is skipped.

// use lib/slab.wgsl

@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;

fn factors() -> vec2f { return vec2f(); }

fn updated(i: u32, parameter: vec4f, gradient: vec4f, rate: f32, decay: f32, factor: vec2f) -> vec4f {
  let velocity = params.beta1 * m[i] + gradient + decay * parameter;
  m[i] = velocity;
  return parameter - rate * velocity;
}
