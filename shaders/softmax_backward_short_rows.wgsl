// dx = y * (dy - sum(y * dy))                 the sum runs along the row
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps: quads of it, where they fill
// rows. No thread waits for another: see `softmax_short_rows.wgsl`.
//
// y lies between 0 and 1, so the products cannot overflow where dy does not.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  let w = line_walk(line(group, groups), lane, p.steps, p.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * p.columns;

    var products = T(0.0);
    for (var c = 0u; c < p.columns; c++) { products += y[row + c] * dy[row + c]; }
    let dot = sum_lanes(products);

    for (var c = 0u; c < p.columns; c++) { dx[row + c] = y[row + c] * (dy[row + c] - dot); }
  }
}
