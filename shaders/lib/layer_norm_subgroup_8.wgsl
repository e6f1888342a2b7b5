// Rows that layer norm takes thread by thread, as `layer_norm_short_rows.wgsl` does, but that the eight threads of a subgroup help
// each other in the second pass: four of them load a T of scale and of shift each, and tell it to the others, whose rows have the
// same columns. So of what all rows share a quarter of a load is left for a T. Rows of 577 x 768 take 0.70 ms on lavapipe, not
// 0.87. Eight Ts at a time gain no more: on CPUs each load is a hundred instructions, and these would not fit their cache.
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
  for (; c + 4 <= columns; c += 4) {
    let a = scale[c + lane % 4];
    let b = shift[c + lane % 4];
    store(row, live, c, subgroupBroadcast(a, 0u), subgroupBroadcast(b, 0u));
    store(row, live, c + 1, subgroupBroadcast(a, 1u), subgroupBroadcast(b, 1u));
    store(row, live, c + 2, subgroupBroadcast(a, 2u), subgroupBroadcast(b, 2u));
    store(row, live, c + 3, subgroupBroadcast(a, 3u), subgroupBroadcast(b, 3u));
  }
  for (; c < columns; c++) { store(row, live, c, scale[c], shift[c]); }
}
