// The edition of `matmul_block.wgsl` for any m, n and k: values are loaded and stored one by one, and a block has one step of i.
// So no step is beyond k, and a sum needs no mask. Rows and columns beyond the last repeat it; their results are never stored.

// use lib/matmul_single.wgsl

const STEPS = 1u;

fn a_block(batch: u32, row: u32, i: u32) -> vec4f {
  let last = params.m - 1;
  return vec4f(
    a_at(batch, min(row, last), i), a_at(batch, min(row + 1, last), i),
    a_at(batch, min(row + 2, last), i), a_at(batch, min(row + 3, last), i));
}

fn b_block(batch: u32, i: u32, quad: u32) -> vec4f {
  let column = 4 * quad;
  let last = params.n - 1;
  return vec4f(
    b_at(batch, i, min(column, last)), b_at(batch, i, min(column + 1, last)),
    b_at(batch, i, min(column + 2, last)), b_at(batch, i, min(column + 3, last)));
}

fn a_steps(batch: u32, row: u32, i: u32) -> f32 { return a_at(batch, row, i); }

fn element(index: u32) -> f32 { return a[index]; }

fn store_quad(batch: u32, row: u32, quad: u32, values: vec4f) {
  for (var c = 0u; c < 4; c++) { store(batch, row, 4 * quad + c, values[c]); }
}
