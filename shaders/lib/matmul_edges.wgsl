// The edition of `matmul_block.wgsl` for any m, n and k: values are loaded and stored one by one, and a block has one step of i.
// So no step is beyond k, and a sum needs no mask. Rows and columns beyond the last repeat it; their results are never stored.

const STEPS = 1u;

struct Walk { at: vec4u, step: u32 }

const FOUR = vec4u(0, 1, 2, 3);

fn a_walk(batch: u32, row: u32) -> Walk {
  let base = batch * params.a_stride;
  let rows = min(row + FOUR, vec4u(params.m - 1));
  if TRANSPOSE_A { return Walk(base + rows, params.m); }
  return Walk(base + rows * params.k, 1u);
}

fn a_block(at: vec4u) -> vec4f { return vec4f(a[at.x], a[at.y], a[at.z], a[at.w]); }

fn b_walk(batch: u32, quad: u32) -> Walk {
  let base = batch * params.b_stride;
  let columns = min(4 * quad + FOUR, vec4u(params.n - 1));
  if TRANSPOSE_B { return Walk(base + columns * params.k, 1u); }
  return Walk(base + columns, params.n);
}

fn b_block(at: vec4u) -> vec4f { return vec4f(b[at.x], b[at.y], b[at.z], b[at.w]); }

fn a_row_walk(batch: u32, row: u32) -> Walk { return a_walk(batch, row); }

fn a_steps(at: vec4u) -> f32 { return a[at.x]; }

fn element(index: u32) -> f32 { return a[index]; }

fn store_quad(batch: u32, row: u32, quad: u32, values: vec4f) {
  for (var c = 0u; c < 4; c++) { store(batch, row, 4 * quad + c, values[c]); }
}
