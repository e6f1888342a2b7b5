// The edition of `conv_block.wgsl` for any channels: values are loaded and stored one by one, and a block has one value of
// a run. So none is beyond the end of a run, and a sum needs no mask.

// use lib/conv.wgsl

alias X = f32;
alias Columns = vec4u;
alias Block = vec4f;

const STEPS = 1u;

fn columns_of(group: u32, quad: u32) -> Columns {
  let columns = min(4 * quad + vec4u(0, 1, 2, 3), vec4u(params.columns - 1));
  return group * params.w_group + select(columns, columns * params.w_row, TRANSPOSE);
}

fn x_block(a: Run, b: Run, c: Run, d: Run, i: u32) -> Block {
  return vec4f(x_at(a, i), x_at(b, i), x_at(c, i), x_at(d, i));
}

fn w_block(tap: u32, columns: Columns, i: u32) -> Block {
  let at = tap + columns + select(i * params.w_row, i, TRANSPOSE);
  return vec4f(w[at.x], w[at.y], w[at.z], w[at.w]);
}

fn x_quad(run: Run, i: u32) -> vec4f {
  var values = vec4f();
  for (var j = 0u; j < 4; j++) {
    if 4 * i + j < params.run { values[j] = x_at(run, 4 * i + j); }
  }
  return values;
}

fn w_columns(tap: u32, group: u32, i: u32, quad: u32) -> vec4f {
  if i >= params.run { return vec4f(); }
  return w_block(tap, columns_of(group, quad), i);
}

fn w_rows(tap: u32, group: u32, i: u32, column: u32) -> vec4f {
  var values = vec4f();
  let at = tap + group * params.w_group + min(column, params.columns - 1) * params.w_row;
  for (var j = 0u; j < 4; j++) {
    if 4 * i + j < params.run { values[j] = w[at + 4 * i + j]; }
  }
  return values;
}

fn store_quad(spot: Spot, group: u32, quad: u32, values: vec4f) {
  for (var c = 0u; c < 4; c++) { store(spot, group, 4 * quad + c, values[c]); }
}
