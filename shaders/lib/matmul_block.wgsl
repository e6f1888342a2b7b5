// Blocks of a and b in registers, four steps of i at a time, whatever their layout. Quads fill the rows of a, b and y in memory, and
// k is a multiple of four in any case; `matmul_edges.wgsl` is the edition for all other sizes.

const STEPS = 4u;                              // of i in a block

// How a thread goes along a or b: where the four vectors of its block begin, and how far it is to the next block. This is
// worked out once, ahead of the loop: SwiftShader reads uniforms again and again, and takes 1.2 to 1.4 times as long if it must.
struct Walk { at: vec4u, step: u32 }

const FOUR = vec4u(0, 1, 2, 3);

// Four rows of a from `row` on. Rows beyond the last are read from the last: their results are never stored.
fn a_walk(batch: u32, row: u32) -> Walk {
  let base = batch * params.a_stride;
  if TRANSPOSE_A { return Walk((base + min(row, params.m - 4) + FOUR * params.m) / 4, params.m); }
  return Walk((base + min(row + FOUR, vec4u(params.m - 1)) * params.k) / 4, 1u);
}

// Four columns of b: 4 quad to 4 quad + 3.
fn b_walk(batch: u32, quad: u32) -> Walk {
  let base = batch * params.b_stride;
  let column = min(4 * quad, params.n - 4);
  if TRANSPOSE_B { return Walk((base + (column + FOUR) * params.k) / 4, 1u); }
  return Walk((base + column + FOUR * params.n) / 4, params.n);
}

// The j-th column of the result is row j of the four, at four steps of i.
fn a_block(at: vec4u) -> mat4x4f {
  let vectors = mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]);
  if TRANSPOSE_A { return transpose(vectors); }
  return vectors;
}

// The j-th column of the result is step j of i, at the four columns of b.
fn b_block(at: vec4u) -> mat4x4f {
  let vectors = mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  if TRANSPOSE_B { return transpose(vectors); }
  return vectors;
}

// One row of a, four steps of i at a time.
fn a_row_walk(batch: u32, row: u32) -> Walk {
  let base = batch * params.a_stride;
  if TRANSPOSE_A { return Walk(base + row + FOUR * params.m, 4 * params.m); }
  return Walk(vec4u((base + row * params.k) / 4), 1u);
}

fn a_steps(at: vec4u) -> vec4f {
  if !TRANSPOSE_A { return a[at.x]; }
  return vec4f(element(at.x), element(at.y), element(at.z), element(at.w));
}

// One value of a.
fn element(index: u32) -> f32 { return a[index / 4][index % 4]; }

fn store_quad(batch: u32, row: u32, quad: u32, values: vec4f) { store(batch, row, quad, values); }
