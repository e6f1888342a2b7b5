// y[r, c] = table[index[r], c]
//
// One thread for each element of y.
//
// It moves values and computes none. An index beyond the table gives 0, never another tensor's memory.

// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, entries: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * 64 + lane;
  if id >= params.rows * params.columns { return; }
  let entry = index[id / params.columns];
  var value = 0.0;
  if entry < params.entries { value = table[entry * params.columns + id % params.columns]; }
  y[id] = value;
}
