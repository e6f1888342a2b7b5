// y[r, c] = table[index[r], c]
//
// `threads` threads share each row of y, by quads where they fill rows: see lib/walk.wgsl.
//
// It moves values and computes none. An index beyond the table gives 0, never another tensor's memory.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, entries: u32, threads: u32, stride: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<T>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let r = id / params.threads;
  if r >= params.rows { return; }
  let entry = index[r];
  let first = entry * params.columns;
  let row = r * params.columns;
  let w = walk(id % params.threads, params.stride, params.steps, params.columns);
  for (var c = w.first; c < w.end; c += params.stride) {
    var value = T(0.0);
    if entry < params.entries { value = table[first + c]; }
    y[row + c] = value;
  }
}
