// The edition of `conv_block.wgsl` for an x of few or odd channels, as the first layer of a network has: a block has one
// value of a run, w and y keep their quads. w is not transposed.

// use lib/conv.wgsl

alias X = f32;
alias Columns = u32;
alias Block = vec4f;

const STEPS = 1u;

fn columns_of(group: u32, quad: u32) -> Columns {
  return group * params.w_group + min(quad, params.columns / 4 - 1);
}

fn x_block(a: Run, b: Run, c: Run, d: Run, i: u32) -> Block {
  return vec4f(x_at(a, i), x_at(b, i), x_at(c, i), x_at(d, i));
}

fn w_block(tap: u32, columns: Columns, i: u32) -> Block { return w[tap + columns + i * params.w_row]; }

fn x_quad(run: Run, i: u32) -> vec4f {
  var values = vec4f();
  for (var j = 0u; j < 4; j++) {
    if 4 * i + j < params.run { values[j] = x_at(run, 4 * i + j); }
  }
  return values;
}

fn w_columns(tap: u32, group: u32, i: u32, quad: u32) -> vec4f {
  if i >= params.run { return vec4f(); }
  return w[tap + columns_of(group, quad) + i * params.w_row];
}

fn w_rows(tap: u32, group: u32, i: u32, column: u32) -> vec4f { return vec4f(); }

fn store_quad(spot: Spot, group: u32, quad: u32, values: vec4f) { store(spot, group, quad, values); }
