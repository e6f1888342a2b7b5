enable subgroups;
// dq[i] = scale sum_j ds[i, j] k[j]        ds[i, j] = p[i, j] (do[i] . v[j] - delta[i]), delta[i] = do[i] . o[i]
//
// As the forward pass, for at most 24 tokens and 24 keys: a subgroup of 8 lanes takes a head, three queries a lane. It computes scores and
// do . v in registers, and each quad of dq is stored as soon as it is there.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]), with both from the forward pass, is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_short_8.wgsl
// use lib/attention_short_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = 3 * lane;
  let own = min(first + vec3u(0, 1, 2), vec3u(params.tokens - 1));
  let masks = mask_of(group.yz) + own * params.mask_row;
  let end = end_of_rows();
  if end == 0 { return; }
  let at = queries + own;
  let row = transpose(mat3x4f(stats[at.x], stats[at.y], stats[at.z]));
  var t = Tile();
  var products = Tile();
  for (var c = 0u; c < params.quads; c++) {
    add_products(&t, k_rows(values, first, c), transpose(q_rows(queries, first, c)));
    add_products(&products, v_rows(values, first, c), transpose(d_rows(queries, first, c)));
  }
  for (var r = 0u; r < end; r += LANES) {
    let p = exp_rows(scores(t.a, r, params.keys, masks, 1), row[0], row[1]);
    t = turn(t, times_difference(p, products.a, row[2]));
    products = turn(products, products.a);
  }
  for (var c = 0u; c < params.quads; c++) {
    let rows = mix(&t, k_rows(values, first, c));
    for (var i = 0u; i < 3; i++) {
      if first + i < params.tokens { dq[(queries + first + i) * params.quads + c] = rows[i] * params.scale; }
    }
  }
}
