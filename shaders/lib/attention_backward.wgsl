// What the gradients of attention read beside q, k and v: the gradient of o (`do` is a reserved word), and of each query the log-sum-exp
// of its scores and delta = do . o.

@group(0) @binding(5) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(6) var<storage, read> stats: array<vec2f>;

struct Stats { lse: vec4f, delta: vec4f }

// Of four queries, from `row` of a head on; those beyond the last repeat it.
fn stats_rows(base: u32, row: u32) -> Stats {
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.tokens - 1));
  let a = stats[at.x]; let b = stats[at.y]; let c = stats[at.z]; let d = stats[at.w];
  return Stats(vec4f(a.x, b.x, c.x, d.x), vec4f(a.y, b.y, c.y, d.y));
}

fn d_rows(base: u32, row: u32, c: u32) -> mat4x4f {
  let n = params.quads;
  let at = vec4u(base) + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(params.tokens - 1));
  return mat4x4f(d_o[at.x * n + c], d_o[at.y * n + c], d_o[at.z * n + c], d_o[at.w * n + c]);
}
