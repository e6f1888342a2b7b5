// mean[b, c] and m2[b, c] = Σ (x[r, c] - mean[b, c])²     over the rows r of block b
//
// One thread for each T of columns and each block of rows; `batch_norm_finish.wgsl` joins the blocks. It reads x once,
// two rows at a time, p and q: their mean u joins the mean v of the n rows before them (Chan, Golub and LeVeque 1979),
//   m2 = m2 + (p - q)² / 2 + (u - v)² 2 n / (n + 2)         v = v + (u - v) 2 / (n + 2)
//
// E[x²] - E[x]² would lose all digits where the mean is large beside the deviation; here differences are taken before
// anything is squared. The mean would lose some too, and is taken of differences from the first row.

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
  for (; i + params.columns < end; i += 2 * params.columns) {
    let p = x[i] - origin;
    let q = x[i + params.columns] - origin;
    let difference = 0.5 * (p + q) - average;
    let share = 2.0 / (n + 2.0);
    average += difference * share;
    squares += 0.5 * (p - q) * (p - q) + difference * difference * (share * n);
    n += 2.0;
  }
  if i < end {                                 // one row is left
    let difference = x[i] - origin - average;
    let share = 1.0 / (n + 1.0);
    average += difference * share;
    squares += difference * difference * (share * n);
  }
  let to = (params.first_block + b) * params.columns + c;
  mean[to] = origin + average;
  m2[to] = squares;
}
