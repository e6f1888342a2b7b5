// partial[w] = Σ x[i]²                          over the quads i that thread w of W walks over
//
// The first half of a norm over a whole slab. Neighbours read neighbouring addresses; `optimiser_control.wgsl` adds the
// partial sums in order. No thread waits for another.
//
// Squares overflow where a gradient is beyond 1e19: the norm is then infinite, and the step is skipped.

// use lib/walk.wgsl

struct Params { quads: u32, threads: u32, stride: u32, steps: u32 }

override ACCUMULATE: bool = false;             // add to what partial holds: pieces of a slab come one by one

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= params.threads { return; }
  let w = walk(id.x, params.stride, params.steps, params.quads);
  var sum = vec4f();
  for (var i = w.first; i < w.end; i += params.stride) { sum += x[i] * x[i]; }
  var all = (sum.x + sum.y) + (sum.z + sum.w);
  if ACCUMULATE { all += partial[id.x]; }
  partial[id.x] = all;
}
