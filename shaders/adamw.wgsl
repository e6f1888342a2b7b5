// m = m + (1 - beta1) (g - m)                    v = beta2 v + (1 - beta2) g²
// p = p - rate decay p - rate (m / c1) / (√(v / c2) + epsilon)
//
// AdamW (Loshchilov and Hutter 2019); with DECOUPLED off, decay p is added to g instead, which is Adam with an L2
// penalty. One dispatch updates a slab of many parameters: each thread takes quads, and looks up the rate and decay
// of their group. g is scaled by the clip on the way in.
//
// v is a sum of squares and never negative. epsilon keeps the quotient finite where no gradient has come yet.

// use lib/slab.wgsl

@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(6) var<storage, read> corrections: array<f32>;

override DECOUPLED: bool = true;

// size = 1 / c1, root = 1 / √c2
fn factors() -> vec2f { return vec2f(1.0 / corrections[0], 1.0 / sqrt(corrections[1])); }

fn updated(i: u32, parameter: vec4f, gradient: vec4f, rate: f32, decay: f32, factor: vec2f) -> vec4f {
  let g = select(gradient + decay * parameter, gradient, DECOUPLED);
  let shrunk = select(parameter, (1.0 - rate * decay) * parameter, DECOUPLED);
  let mean = m[i] + (1.0 - params.beta1) * (g - m[i]);
  let square = params.beta2 * v[i] + (1.0 - params.beta2) * g * g;
  m[i] = mean;
  v[i] = square;
  return shrunk - (rate * factor.x) * mean / (sqrt(square) * factor.y + params.epsilon);
}
