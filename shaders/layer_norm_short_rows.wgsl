// y[r, c] = (x[r, c] - mean[r]) inv_std[r] scale[c] + shift[c]        inv_std = 1 / sqrt(variance + epsilon)
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps: quads of it, where they fill rows. No
// thread waits for another, so this is for many rows on a CPU, where a barrier costs more than a kilobyte; a row stays in the
// cache while it is read three times. mean and inv_std are kept for the backward pass.
//
// Two passes, the mean before the squares of differences from it, and the mean as that of differences from the first
// value: so a large mean costs no digits.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32, epsilon: f32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> scale: array<T>;
@group(0) @binding(3) var<storage, read> shift: array<T>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;
@group(0) @binding(6) var<storage, read_write> inv_std: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let n = f32(params.columns * LANES);
  let w = line_walk(line(group, groups), lane, params.steps, params.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * params.columns;

    let origin = max_lanes(pick(x[row], 0u));   // the first value
    var sum = T(0.0);
    for (var c = 0u; c < params.columns; c++) { sum += x[row + c] - origin; }
    let average = origin + sum_lanes(sum) / n;

    var squares = T(0.0);
    for (var c = 0u; c < params.columns; c++) {
      let difference = x[row + c] - average;
      squares += difference * difference;
    }
    let factor = 1.0 / sqrt(sum_lanes(squares) / n + params.epsilon);

    for (var c = 0u; c < params.columns; c++) {
      y[row + c] = (x[row + c] - average) * factor * scale[c] + shift[c];
    }
    mean[r] = average;
    inv_std[r] = factor;
  }
}
