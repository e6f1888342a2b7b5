// y = keep y + x / count
//
// Adds the gradients of a micro-batch to the mean over all of them; keep is 0 for the first and 1 for the others.
// Each thread takes quads of the slab.
//
// A select, not a product: what y held before may be NaN.

// use lib/step.wgsl
// use lib/walk.wgsl

struct Params { quads: u32, steps: u32, keep: u32, count: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = line_walk(line(group, groups), lane, params.steps, params.quads);
  let keep = step_scalar(params.keep) != 0.0;
  for (var i = w.first; i < w.end; i += WIDTH) {
    let before = select(vec4f(), y[i], keep);
    y[i] = before + x[i] / params.count;
  }
}
