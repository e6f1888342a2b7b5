// Blocks of a and b in registers, four steps of i at a time, whatever their layout. Quads fill the rows of a, b and y in memory, and
// k is a multiple of four in any case; `matmul_edges.wgsl` is the edition for all other sizes.

const STEPS = 4u;                              // of i in a block

// Four rows of a from `row` on, columns i to i + 3: the j-th column of the result is row + j. Rows beyond the
// last are read from the last: their results are never stored.
fn a_block(batch: u32, row: u32, i: u32) -> mat4x4f {
  let base = batch * params.a_stride;
  if TRANSPOSE_A {
    let at = (base + i * params.m + min(row, params.m - 4)) / 4;
    let stride = params.m / 4;
    return transpose(mat4x4f(a[at], a[at + stride], a[at + 2 * stride], a[at + 3 * stride]));
  }
  let last = params.m - 1;
  return mat4x4f(
    a[(base + min(row, last) * params.k + i) / 4],
    a[(base + min(row + 1, last) * params.k + i) / 4],
    a[(base + min(row + 2, last) * params.k + i) / 4],
    a[(base + min(row + 3, last) * params.k + i) / 4]);
}

// Rows i to i + 3 of b, columns 4 quad to 4 quad + 3: the j-th column of the result is row i + j.
fn b_block(batch: u32, i: u32, quad: u32) -> mat4x4f {
  let base = batch * params.b_stride;
  let column = min(4 * quad, params.n - 4);
  if TRANSPOSE_B {
    let at = (base + column * params.k + i) / 4;
    let stride = params.k / 4;
    return transpose(mat4x4f(b[at], b[at + stride], b[at + 2 * stride], b[at + 3 * stride]));
  }
  let at = (base + i * params.n + column) / 4;
  let stride = params.n / 4;
  return mat4x4f(b[at], b[at + stride], b[at + 2 * stride], b[at + 3 * stride]);
}

// Columns i to i + 3 of one row of a.
fn a_steps(batch: u32, row: u32, i: u32) -> vec4f {
  let base = batch * params.a_stride;
  if !TRANSPOSE_A { return a[(base + row * params.k + i) / 4]; }
  let at = base + i * params.m + row;
  let m = params.m;
  return vec4f(element(at), element(at + m), element(at + 2 * m), element(at + 3 * m));
}

// One value of a.
fn element(index: u32) -> f32 { return a[index / 4][index % 4]; }

fn store_quad(batch: u32, row: u32, quad: u32, values: vec4f) { store(batch, row, quad, values); }
