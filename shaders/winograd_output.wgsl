// y[tile] = Aᵀ m A        m[k, tile] = Σ over channels of v u, k = 4 row + column
//
//   Aᵀ = | 1  1  1  0 |
//        | 0  1 -1 -1 |      Lavin and Gray 2016, section 4.1
//
// A thread walks along a row of tiles with a T of channels, and computes up to four stages on each result before it is stored.
//
// Sums of nine values.

// use lib/winograd.wgsl
// use lib/column_epilogue.wgsl

@group(0) @binding(1) var<storage, read> m: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

// Column j of m, times Aᵀ: two values.
struct Two { a: T, b: T }
fn column(at: u32, apart: u32, j: u32) -> Two {
  let m0 = m[at + j * apart];
  let m1 = m[at + (4 + j) * apart];
  let m2 = m[at + (8 + j) * apart];
  let m3 = m[at + (12 + j) * apart];
  return Two(m0 + m1 + m2, m1 - m2 - m3);
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let row = id / params.channels;
  if row >= params.images * params.tiles_y { return; }
  hold_rows(c);
  let image = row / params.tiles_y;
  let oy = 2 * (row % params.tiles_y);
  let rows = min(2u, params.oh - oy);
  let apart = params.images * params.tiles_y * params.tiles_x * params.channels;   // from one k to the next
  for (var tx = 0u; tx < params.tiles_x; tx++) {
    let at = (row * params.tiles_x + tx) * params.channels + c;
    let s0 = column(at, apart, 0);
    let s1 = column(at, apart, 1);
    let s2 = column(at, apart, 2);
    let s3 = column(at, apart, 3);
    let y00 = s0.a + s1.a + s2.a;
    let y01 = s1.a - s2.a - s3.a;
    let y10 = s0.b + s1.b + s2.b;
    let y11 = s1.b - s2.b - s3.b;
    let columns = min(2 * tx + 2, params.ow);
    // Loops that no compiler unrolls: the stages are long.
    for (var i = 0u; i < rows; i++) {
      for (var j = 2 * tx; j < columns; j++) {
        let value = select(select(y00, y10, i == 1), select(y01, y11, i == 1), j == 2 * tx + 1);
        let to = ((image * params.oh + oy + i) * params.ow + j) * params.channels + c;
        y[to] = column_epilogue(value, Place(to / params.channels, c, to));
      }
    }
  }
}
