// dtable[t, c] = Σ dy[r, c]                     over the rows r with index[r] = t
//
// One thread for each element of dtable walks all indices.
//
// What a scatter with atomics would add in any order is
// added here in the order of the rows, so the same inputs give the same bits.

// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, entries: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dtable: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * 64 + lane;
  if id >= params.entries * params.columns { return; }
  let entry = id / params.columns;
  let column = id % params.columns;
  var sum = 0.0;
  for (var r = 0u; r < params.rows; r++) {
    if index[r] == entry { sum += dy[r * params.columns + column]; }
  }
  dtable[id] = sum;
}
