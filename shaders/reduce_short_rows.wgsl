// y[r] = OP over c of x[r, c]                   OP is a sum, a maximum or a minimum
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps. It takes a row two Ts at
// a time, quads where they fill rows. No thread waits for another, so this is for rows too short for `reduce_rows.wgsl`, and for
// all but the longest on a CPU, where a barrier costs more than a kilobyte.
//
// The order is fixed, so the same row gives the same bits. Pairs and lanes keep the sums short: each value takes part in
// about columns / 8 additions.

// use lib/combine.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = line_walk(line(group, groups), lane, params.steps, params.rows);
  for (var row = w.first; row < w.end; row += WIDTH) {
    let end = (row + 1) * params.columns;
    var i = end - params.columns;
    var value = select(x[i], T(0.0), OP == 0);
    for (; i + 1 < end; i += 2) { value = combine_t(value, combine_t(x[i], x[i + 1])); }
    if i < end { value = combine_t(value, x[i]); }
    y[row] = combine_lanes(value);
  }
}
