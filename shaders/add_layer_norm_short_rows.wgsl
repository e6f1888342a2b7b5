// sum[r, c] = x[r, c] + residual[r, c]
// y[r, c] = (sum[r, c] - mean[r]) inv_std[r] scale[c] + shift[c]        inv_std = 1 / sqrt(variance + epsilon)
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps: quads of it, where they fill rows. No
// thread waits for another, so this is for many rows on a CPU, where a barrier costs more than a kilobyte. Operands are
// read once, and the sum, which is wanted anyway, again. mean and inv_std are kept for the backward pass.
//
// The moments come from differences to the first value, and squares from differences to a mean (`lib/running_moments.wgsl`):
// so a large mean costs no digits.

// use lib/running_moments.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32, epsilon: f32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> residual: array<T>;
@group(0) @binding(3) var<storage, read> scale: array<T>;
@group(0) @binding(4) var<storage, read> shift: array<T>;
@group(0) @binding(5) var<storage, read_write> sum: array<T>;
@group(0) @binding(6) var<storage, read_write> y: array<T>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> inv_std: array<f32>;

fn added(i: u32) -> T {
  let value = x[i] + residual[i];
  sum[i] = value;
  return value;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  let w = line_walk(line(group, groups), lane, p.steps, p.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * p.columns;

    let origin = max_lanes(pick(x[row] + residual[row], 0u));   // the first value
    var moments = no_values();
    var c = 0u;
    for (; c + 1 < p.columns; c += 2) {
      moments = with_two(moments, added(row + c) - origin, added(row + c + 1) - origin);
    }
    if c < p.columns { moments = with_one(moments, added(row + c) - origin); }
    let of_row = together(moments);
    let average = origin + of_row.mean;
    let factor = 1.0 / sqrt(of_row.variance + p.epsilon);

    for (c = 0u; c < p.columns; c++) {
      y[row + c] = (sum[row + c] - average) * factor * scale[c] + shift[c];
    }
    mean[r] = average;
    inv_std[r] = factor;
  }
}
