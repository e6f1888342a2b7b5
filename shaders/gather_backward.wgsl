// dtable[t, c] = Σ dy[r, c]                     over the rows r with index[r] = t
//
// A thread has one column of Ts of `span` entries of the table. It sets them to zero, then walks the index, and adds what
// a row of dy has in its column to the entry that the row came from, if that is one of its own.
//
// No other thread touches these values, so nothing need be atomic, and all are added in the order of the rows: the same inputs
// give the same bits. An index beyond the table is nobody's.

// use lib/quad.wgsl
// use lib/grid.wgsl

override WIDTH: u32 = 64;                      // threads of a workgroup

struct Params { rows: u32, columns: u32, entries: u32, span: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dtable: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let column = id % params.columns;
  let first = id / params.columns * params.span;
  let end = min(first + params.span, params.entries);
  for (var t = first; t < end; t++) { dtable[t * params.columns + column] = T(0.0); }
  if first >= end { return; }
  for (var r = 0u; r < params.rows; r++) {
    let t = index[r];
    if t >= first && t < end { dtable[t * params.columns + column] += dy[r * params.columns + column]; }
  }
}
