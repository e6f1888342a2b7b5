// y = keep y + x / count
//
// Adds the gradients of a micro-batch to the mean over all of them; keep is 0 for the first and 1 for the others.
// One thread for each quad of the slab.
//
// A select, not a product: what y held before may be NaN.

// use lib/grid.wgsl
// use lib/step.wgsl

struct Params { quads: u32, keep: u32, count: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = line(group, groups) * 64 + lane;
  if i >= params.quads { return; }
  let before = select(vec4f(), y[i], step_scalar(params.keep) != 0.0);
  y[i] = before + x[i] / params.count;
}
