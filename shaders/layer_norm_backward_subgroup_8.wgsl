enable subgroups;
// dx = inv_std (g - mean(g) - x̂ mean(g x̂))        g = dy scale, x̂ = (x - mean) inv_std, means along the row
//
// Ba, Kiros and Hinton 2016. As `layer_norm_backward_short_rows.wgsl`, but that a subgroup of 8 shares what it loads of scale:
// each thread loads one T and tells it to the others, whose rows have the same columns. A thread without a row of its own reads
// the last one, and stores nothing.
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
@group(0) @binding(6) var<storage, read_write> dx: array<T>;

struct Row { at: u32, average: f32, factor: f32 }   // at: index of its first T
struct Sums { g: T, product: T }               // Σ g and Σ g x̂
struct Means { g: f32, product: f32 }

fn row_of(wanted: u32, rows: u32, columns: u32) -> Row {
  let r = min(wanted, rows - 1);
  return Row(r * columns, mean[r], inv_std[r]);
}

fn plus(sums: Sums, row: Row, c: u32, a: T) -> Sums {
  let g = dy[row.at + c] * a;
  return Sums(sums.g + g, sums.product + g * (x[row.at + c] - row.average) * row.factor);
}

fn means_of(sums: Sums, columns: u32) -> Means {
  let n = f32(columns * LANES);
  return Means(sum_lanes(sums.g) / n, sum_lanes(sums.product) / n);
}

fn store(row: Row, live: bool, c: u32, a: T, means: Means) {
  let normal = (x[row.at + c] - row.average) * row.factor;
  if live { dx[row.at + c] = row.factor * (dy[row.at + c] * a - means.g - normal * means.product); }
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(subgroup_invocation_id) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  for (var s = 0u; s < p.steps; s++) {
    let r = (line(group, groups) * p.steps + s) * WIDTH + lane;
    let row = row_of(r, p.rows, p.columns);
    var sums = Sums(T(0.0), T(0.0));
    var c = 0u;
    for (; c + 8 <= p.columns; c += 8) {
      let a = scale[c + lane];
      sums = plus(sums, row, c, subgroupBroadcast(a, 0u));
      sums = plus(sums, row, c + 1, subgroupBroadcast(a, 1u));
      sums = plus(sums, row, c + 2, subgroupBroadcast(a, 2u));
      sums = plus(sums, row, c + 3, subgroupBroadcast(a, 3u));
      sums = plus(sums, row, c + 4, subgroupBroadcast(a, 4u));
      sums = plus(sums, row, c + 5, subgroupBroadcast(a, 5u));
      sums = plus(sums, row, c + 6, subgroupBroadcast(a, 6u));
      sums = plus(sums, row, c + 7, subgroupBroadcast(a, 7u));
    }
    for (; c < p.columns; c++) { sums = plus(sums, row, c, scale[c]); }

    let means = means_of(sums, p.columns);
    for (c = 0u; c + 8 <= p.columns; c += 8) {
      let a = scale[c + lane];
      store(row, r < p.rows, c, subgroupBroadcast(a, 0u), means);
      store(row, r < p.rows, c + 1, subgroupBroadcast(a, 1u), means);
      store(row, r < p.rows, c + 2, subgroupBroadcast(a, 2u), means);
      store(row, r < p.rows, c + 3, subgroupBroadcast(a, 3u), means);
      store(row, r < p.rows, c + 4, subgroupBroadcast(a, 4u), means);
      store(row, r < p.rows, c + 5, subgroupBroadcast(a, 5u), means);
      store(row, r < p.rows, c + 6, subgroupBroadcast(a, 6u), means);
      store(row, r < p.rows, c + 7, subgroupBroadcast(a, 7u), means);
    }
    for (; c < p.columns; c++) { store(row, r < p.rows, c, scale[c], means); }
  }
}
