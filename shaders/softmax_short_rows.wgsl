// y = softmax(x) along the last axis.
//
//   y[r, c] = exp(x[r, c] - m[r]) / s[r]      m = row max, s = row sum of exp(x - m)
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps: quads of it, where they fill
// rows. No thread waits for another, so this is for many rows on a CPU, where a barrier costs more than a kilobyte; and the row
// stays in the cache, so that it is cheaper to keep an exponential in y than to take it twice.
//
// Subtracting m changes nothing in exact arithmetic and keeps exp() finite.

// use lib/quad.wgsl
// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32 }   // columns in Ts

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;                              // once: what stores might change is read again in each step
  let w = line_walk(line(group, groups), lane, p.steps, p.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * p.columns;

    var top = x[row];
    for (var c = 1u; c < p.columns; c++) { top = max(top, x[row + c]); }
    let m = max_lanes(top);

    var sum = T(0.0);
    for (var c = 0u; c < p.columns; c++) {
      let e = exp(x[row + c] - m);
      y[row + c] = e;
      sum += e;
    }
    let s = sum_lanes(sum);

    for (var c = 0u; c < p.columns; c++) { y[row + c] /= s; }
  }
}
