// y[r] = OP over c of x[r, c]                   OP is a sum, a maximum or a minimum
//
// Each thread takes a whole row, and after it the row `stride` further on, for some steps. It takes a row four Ts at
// a time, quads where they fill rows. No thread waits for another, so this is for rows too short for `reduce_rows.wgsl`, and for
// all but the longest on a CPU, where a barrier costs more than a kilobyte.
//
// The order is fixed, so the same row gives the same bits. Fours and lanes keep the sums short: each value takes part in
// about columns / 16 additions.

// use lib/combine.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, stride: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = walk(line(group, groups) * WIDTH + lane, params.stride, params.steps, params.rows);
  for (var row = w.first; row < w.end; row += params.stride) {
    let end = (row + 1) * params.columns;
    var i = end - params.columns;
    var value = select(x[i], T(0.0), OP == 0);
    for (; i + 3 < end; i += 4) {
      value = combine_t(value, combine_t(combine_t(x[i], x[i + 1]), combine_t(x[i + 2], x[i + 3])));
    }
    for (; i < end; i++) { value = combine_t(value, x[i]); }
    y[row] = combine_lanes(value);
  }
}
