// Blocks of x and w in registers, four values of a run at a time: channels of each group of x and of y are a multiple of
// four. `conv_stem.wgsl` and `conv_edges.wgsl` are the editions for all other channels.

// use lib/conv.wgsl

alias X = T;
alias Columns = u32;
alias Block = mat4x4f;

const STEPS = 4u;                              // values of a run in a block

// Where columns 4 quad to 4 quad + 3 of a group lie in a tap of w. Columns beyond the last are the last: their results are
// never stored.
fn columns_of(group: u32, quad: u32) -> Columns {
  let column = min(quad, params.columns / 4 - 1);
  return group * params.w_group + select(column, 4 * column * params.w_row, TRANSPOSE);
}

// Block i of four runs: the j-th column of the result is of the j-th.
fn x_block(a: Run, b: Run, c: Run, d: Run, i: u32) -> Block {
  return mat4x4f(x_at(a, i), x_at(b, i), x_at(c, i), x_at(d, i));
}

// Block i of w: the j-th column of the result is row 4i + j.
fn w_block(tap: u32, columns: Columns, i: u32) -> Block {
  let at = tap + columns + select(4 * i * params.w_row, i, TRANSPOSE);
  let stride = params.w_row;
  let rows = mat4x4f(w[at], w[at + stride], w[at + 2 * stride], w[at + 3 * stride]);
  if TRANSPOSE { return transpose(rows); }
  return rows;
}

// Values 4i to 4i + 3 of a run, and zeros beyond its end.
fn x_quad(run: Run, i: u32) -> vec4f {
  if i >= params.run { return vec4f(); }
  return x_at(run, i);
}

// Four columns of row i of w, which is not transposed.
fn w_columns(tap: u32, group: u32, i: u32, quad: u32) -> vec4f {
  if i >= 4 * params.run { return vec4f(); }
  return w[tap + columns_of(group, quad) + i * params.w_row];
}

// Rows 4i to 4i + 3 of a column of w, which is transposed.
fn w_rows(tap: u32, group: u32, i: u32, column: u32) -> vec4f {
  if i >= params.run { return vec4f(); }
  return w[tap + group * params.w_group + min(column, params.columns - 1) * params.w_row + i];
}

fn store_quad(spot: Spot, group: u32, quad: u32, values: vec4f) { store(spot, group, quad, values); }
