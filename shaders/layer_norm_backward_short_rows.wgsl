// dx = inv_std (g - mean(g) - x̂ mean(g x̂)) + past      g = dy scale, x̂ = (x - mean) inv_std, means along the row
//
// Ba, Kiros and Hinton 2016. Each thread takes a whole row, and after it the row WIDTH further on, for some steps: quads of
// it, where they fill rows. No thread waits for another: see `layer_norm_short_rows.wgsl`.
//
// `past` is what comes past the norm, where x is a sum that is used beside it; without PAST there is none.
//
// x̂ comes from differences to the mean, and epsilon keeps inv_std finite where a row does not vary.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read> scale: array<T>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> inv_std: array<f32>;
@group(0) @binding(6) var<storage, read> past: array<T>;
@group(0) @binding(7) var<storage, read_write> dx: array<T>;

const PAST = false;

fn store(i: u32, through: T) {
  if PAST { dx[i] = through + past[i]; } else { dx[i] = through; }
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  let n = f32(p.columns * LANES);
  let w = line_walk(line(group, groups), lane, p.steps, p.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * p.columns;
    let average = mean[r];
    let factor = inv_std[r];

    var g_sum = T(0.0);
    var product_sum = T(0.0);
    for (var c = 0u; c < p.columns; c++) {
      let g = dy[row + c] * scale[c];
      g_sum += g;
      product_sum += g * (x[row + c] - average) * factor;
    }
    let g_mean = sum_lanes(g_sum) / n;
    let product_mean = sum_lanes(product_sum) / n;

    for (var c = 0u; c < p.columns; c++) {
      let normal = (x[row + c] - average) * factor;
      store(row + c, factor * (dy[row + c] * scale[c] - g_mean - normal * product_mean));
    }
  }
}
