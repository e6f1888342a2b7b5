// Rows that layer norm takes thread by thread, as `layer_norm_short_rows.wgsl` does, but that the eight threads of a subgroup help
// each other in the second pass: each loads one T of scale and of shift, and tells it to the others, whose rows have the same
// columns. So of what all rows share an eighth of a load is left for a T.
//
// A kernel that uses this declares its bindings, and `peek`, `taken` and `again`, which give a T of what is normalised: before, the
// first time, and later. Threads without a row of their own come along to help.

// use lib/running_moments.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32, epsilon: f32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;

struct Row { at: u32, average: f32, factor: f32 }   // at: index of its first T

fn layer_norm_rows(group: u32, lane: u32) {
  let p = params;                                 // once: what stores might change is read again in each step
  for (var s = 0u; s < p.steps; s++) {
    let r = (group * p.steps + s) * WIDTH + lane;
    let at = r * p.columns;
    var average = 0.0;
    var factor = 0.0;
    if r < p.rows {
      let origin = max_lanes(pick(peek(at), 0u));   // the first value
      var moments = no_values();
      var c = 0u;
      for (; c + 1 < p.columns; c += 2) {
        moments = with_two(moments, taken(at + c) - origin, taken(at + c + 1) - origin);
      }
      if c < p.columns { moments = with_one(moments, taken(at + c) - origin); }
      let of_row = together(moments);
      average = origin + of_row.mean;
      factor = 1.0 / sqrt(of_row.variance + p.epsilon);
      mean[r] = average;
      inv_std[r] = factor;
    }
    normalise(Row(at, average, factor), r < p.rows, p.columns, lane);
  }
}

// One T of the result.
fn store(row: Row, live: bool, c: u32, a: T, b: T) {
  if live { y[row.at + c] = (again(row.at + c) - row.average) * row.factor * a + b; }
}

// The second pass.
fn normalise(row: Row, live: bool, columns: u32, lane: u32) {
  var c = 0u;
  for (; c + 8 <= columns; c += 8) {
    let a = scale[c + lane];
    let b = shift[c + lane];
    store(row, live, c, subgroupBroadcast(a, 0u), subgroupBroadcast(b, 0u));
    store(row, live, c + 1, subgroupBroadcast(a, 1u), subgroupBroadcast(b, 1u));
    store(row, live, c + 2, subgroupBroadcast(a, 2u), subgroupBroadcast(b, 2u));
    store(row, live, c + 3, subgroupBroadcast(a, 3u), subgroupBroadcast(b, 3u));
    store(row, live, c + 4, subgroupBroadcast(a, 4u), subgroupBroadcast(b, 4u));
    store(row, live, c + 5, subgroupBroadcast(a, 5u), subgroupBroadcast(b, 5u));
    store(row, live, c + 6, subgroupBroadcast(a, 6u), subgroupBroadcast(b, 6u));
    store(row, live, c + 7, subgroupBroadcast(a, 7u), subgroupBroadcast(b, 7u));
  }
  for (; c < columns; c++) { store(row, live, c, scale[c], shift[c]); }
}
