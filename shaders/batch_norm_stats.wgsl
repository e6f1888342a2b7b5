// mean[b, c] and m2[b, c] = Σ (x[r, c] - mean[b, c])²     over the rows r of block b
//
// One thread for each T of columns and each block of rows; `batch_norm_finish.wgsl` joins the blocks. It reads x once,
// four rows at a time: their mean u and squares of differences from it join those of the n rows before them (Chan, Golub
// and LeVeque 1979),
//   m2 = m2 + m2' + (u - v)² 4 n / (n + 4)         v = v + (u - v) 4 / (n + 4)
//
// E[x²] - E[x]² would lose all digits where the mean is large beside the deviation; here differences are taken before
// anything is squared. Within the four they are differences from the first of them, d, and Σd² - (Σd)² / 4 is at least a
// quarter of Σd²: little cancels. The mean is taken of differences from the first row.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { rows: u32, columns: u32, block: u32, first_block: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> mean: array<T>;
@group(0) @binding(3) var<storage, read_write> m2: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let b = id / params.columns;
  let c = id % params.columns;
  let begin = b * params.block;
  if begin >= params.rows { return; }
  let end = min(begin + params.block, params.rows) * params.columns;

  let first = begin * params.columns + c;
  let origin = x[first];
  var average = T(0.0);
  var squares = T(0.0);
  var n = 0.0;
  var i = first;
  for (; i + 3 * params.columns < end; i += 4 * params.columns) {
    let x0 = x[i];
    let d1 = x[i + params.columns] - x0;
    let d2 = x[i + 2 * params.columns] - x0;
    let d3 = x[i + 3 * params.columns] - x0;
    let d = d1 + d2 + d3;
    let own = d1 * d1 + d2 * d2 + d3 * d3 - 0.25 * d * d;
    let u = x0 - origin + 0.25 * d;
    let difference = u - average;
    let share = 4.0 / (n + 4.0);
    average += difference * share;
    squares += own + difference * difference * (share * n);
    n += 4.0;
  }
  for (; i < end; i += params.columns) {       // up to three rows are left
    let difference = x[i] - origin - average;
    let share = 1.0 / (n + 1.0);
    average += difference * share;
    squares += difference * difference * (share * n);
    n += 1.0;
  }
  let to = (params.first_block + b) * params.columns + c;
  mean[to] = origin + average;
  m2[to] = squares;
}
