// What the gradients of attention read beside q, k and v: the gradient of o (`do` is a reserved word), and of each query
// (tops, logs, delta, 0). The log-sum-exp of its scores is tops + logs: two numbers, for beside scores of 10,000 one would be off by 5e-4.

@group(0) @binding(5) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(6) var<storage, read> stats: array<vec4f>;

struct Stats { top: vec4f, log_sum: vec4f, delta: vec4f }

// Of four queries, from `row` of a head on; those beyond the last repeat it.
fn stats_rows(base: u32, row: u32) -> Stats {
  if params.tokens == 0 { return Stats(); }
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.tokens - 1));
  let rows = transpose(mat4x4f(stats[at.x], stats[at.y], stats[at.z], stats[at.w]));
  return Stats(rows[0], rows[1], rows[2]);
}

fn d_rows(base: u32, row: u32, c: u32) -> mat4x4f {
  let n = params.quads;
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.tokens - 1));
  return mat4x4f(d_o[at.x * n + c], d_o[at.y * n + c], d_o[at.z * n + c], d_o[at.w * n + c]);
}
