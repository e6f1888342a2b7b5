// A quad of four rows of q, k or v, from row `row` of a head on: the j-th column of the result is row + j. Rows beyond the last
// repeat it. `base` is the row where the head begins, and quads are counted by `c`.

fn q_rows(base: u32, row: u32, c: u32) -> mat4x4f {
  let n = params.quads;
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.tokens - 1));
  return mat4x4f(q[at.x * n + c], q[at.y * n + c], q[at.z * n + c], q[at.w * n + c]);
}

fn k_rows(base: u32, row: u32, c: u32) -> mat4x4f {
  let n = params.quads;
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.keys - 1));
  return mat4x4f(k[at.x * n + c], k[at.y * n + c], k[at.z * n + c], k[at.w * n + c]);
}

fn v_rows(base: u32, row: u32, c: u32) -> mat4x4f {
  let n = params.quads;
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.keys - 1));
  return mat4x4f(v[at.x * n + c], v[at.y * n + c], v[at.z * n + c], v[at.w * n + c]);
}
