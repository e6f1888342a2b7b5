// y[i] = value
//
// Each thread takes Ts of y: quads, or single values where four do not divide them.
//
// It computes nothing.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { count: u32, steps: u32, value: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = line_walk(line(group, groups), lane, params.steps, params.count);
  for (var i = w.first; i < w.end; i += WIDTH) { y[i] = T(params.value); }
}
