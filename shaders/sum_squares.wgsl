// partial[w] = Σ x[i]²                          over the quads w, w + W, w + 2 W, ... of x, W threads in all
//
// The first half of a norm over a whole slab. Each thread takes quads that lie W apart, so that neighbours read
// neighbouring addresses; `optimiser_control.wgsl` adds the partial sums in order. No thread waits for another.
//
// Squares overflow where a gradient is beyond 1e19: the norm is then infinite, and the step is skipped.

struct Params { quads: u32, threads: u32 }

override ACCUMULATE: bool = false;             // add to what partial holds: pieces of a slab come one by one

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= params.threads { return; }
  var sum = vec4f();
  for (var i = id.x; i < params.quads; i += params.threads) { sum += x[i] * x[i]; }
  var all = (sum.x + sum.y) + (sum.z + sum.w);
  if ACCUMULATE { all += partial[id.x]; }
  partial[id.x] = all;
}
