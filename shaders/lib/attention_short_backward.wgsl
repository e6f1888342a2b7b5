// What the gradients of short attention read beside q, k and v: the gradient of o (`do` is a reserved word), and of each query
// (tops, logs, delta, 0), as lib/attention_backward.wgsl says.

@group(0) @binding(5) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(6) var<storage, read> stats: array<vec4f>;

fn d_rows(base: u32, row: u32, c: u32) -> mat3x4f {
  let n = params.quads;
  let at = vec3u(base) + min(vec3u(row, row + 1, row + 2), vec3u(params.tokens - 1));
  return mat3x4f(d_o[at.x * n + c], d_o[at.y * n + c], d_o[at.z * n + c]);
}
