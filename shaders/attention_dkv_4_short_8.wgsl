enable subgroups;
// dv[j] = sum_i p[i, j] do[i]        dk[j] = scale sum_i ds[i, j] q[i], with p and ds as in attention_dq_4_short_8.wgsl
//
// The other way round, for at most 24 tokens and 24 keys: a subgroup of 8 lanes takes a head, three keys a lane. It computes scores and do . v
// in registers, turned so that keys are its own rows, and stores each quad of dk and dv as soon as it is there.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]) is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_short_8.wgsl
// use lib/attention_short_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = 3 * lane;
  let own = first + vec3u(0, 1, 2);
  let masks = mask_of(group.yz) + min(own, vec3u(params.keys - 1));
  let end = end_of_rows();
  var t = Tile();
  var products = Tile();
  for (var c = 0u; c < params.quads; c++) {
    add_products(&t, q_rows(queries, first, c), transpose(k_rows(values, first, c)));
    add_products(&products, d_rows(queries, first, c), transpose(v_rows(values, first, c)));
  }
  for (var r = 0u; r < end; r += LANES) {
    let row = stats[queries + min(r + lane, params.tokens - 1)];
    let p = exp_shared(scores(t.a, r, params.tokens, masks, params.mask_row), row.x, row.y);
    t = turn(t, p);
    products = turn(products, times_difference_shared(p, products.a, row.z));
  }
  for (var c = 0u; c < params.quads; c++) {
    let v_part = mix(&t, d_rows(queries, first, c));
    let k_part = mix(&products, q_rows(queries, first, c));
    for (var i = 0u; i < 3; i++) {
      if first + i < params.keys {
        dk[(values + first + i) * params.quads + c] = k_part[i] * params.scale;
        dv[(values + first + i) * params.quads + c] = v_part[i];
      }
    }
  }
}
