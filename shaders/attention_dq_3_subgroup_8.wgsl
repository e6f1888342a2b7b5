enable subgroups;
// dq[i] = scale sum_j ds[i, j] k[j]        ds[i, j] = p[i, j] (do[i] . v[j] - delta[i]), delta[i] = do[i] . o[i]
//
// As the forward pass: a subgroup of 8 lanes takes 32 queries, four a lane, through all keys, 32 at a time. It computes the tiles of
// scores and of do . v in registers, and adds the rows of k that their ds weigh to the sums of its lanes.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]), with both from the forward pass, is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_subgroup_8.wgsl
// use lib/attention_rows.wgsl
// use lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = ROWS * group.x + 4 * lane;
  let own = first + vec4u(0, 1, 2, 3);
  let masks = mask_of(group.yz) + min(own, vec4u(params.tokens - 1)) * params.mask_row;
  let row = stats_rows(queries, first);
  var sums: array<vec4f, 4 * QUADS>;
  for (var base = 0u; base < params.keys; base += ROWS) {
    let shared_row = base + 4 * lane;
    var t = Tile();
    var products = Tile();
    for (var c = 0u; c < params.quads; c++) {
      add_products(&t, k_rows(values, shared_row, c), transpose(q_rows(queries, first, c)));
    }
    for (var c = 0u; c < params.quads; c++) {
      add_products(&products, v_rows(values, shared_row, c), transpose(d_rows(queries, first, c)));
    }
    for (var r = base; r < base + ROWS; r += LANES) {
      let p = exp_rows(scores(t.a, r, params.keys, masks, 1), row.top, row.log_sum);
      t = turn(t, times_difference(p, products.a, row.delta));
      products = turn(products, products.a);
    }
    for (var c = 0u; c < params.quads; c++) {
      let more = mix(&t, k_rows(values, shared_row, c));
      sums[4 * c] += more[0];
      sums[4 * c + 1] += more[1];
      sums[4 * c + 2] += more[2];
      sums[4 * c + 3] += more[3];
    }
  }
  for (var c = 0u; c < params.quads; c++) {
    let rows = transpose(mat4x4f(sums[4 * c], sums[4 * c + 1], sums[4 * c + 2], sums[4 * c + 3]));
    for (var i = 0u; i < 4; i++) {
      if first + i < params.tokens { dq[(queries + first + i) * params.quads + c] = rows[i] * params.scale; }
    }
  }
}
