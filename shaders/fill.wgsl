// y[i] = value
//
// One thread for each element.
//
// It computes nothing.

// use lib/grid.wgsl

struct Params { count: u32, value: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * 64 + lane;
  if id < params.count { y[id] = params.value; }
}
