enable subgroups;
// dv[j] = sum_i p[i, j] do[i]        dk[j] = scale sum_i ds[i, j] q[i], with p and ds as in attention_dq_3_subgroup_8.wgsl
//
// The other way round: a subgroup of 8 lanes takes 32 keys, four a lane, through all queries, 32 at a time. It computes the tiles of
// scores and of do . v in registers, each tile turned so that keys are its own rows, and adds the rows of do and of q that
// they weigh to the sums of its lanes. So nothing is written twice, and the order of additions is fixed.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]) is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_subgroup_8.wgsl
// use lib/attention_rows.wgsl
// use lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = ROWS * group.x + 4 * lane;
  let own = first + vec4u(0, 1, 2, 3);
  let masks = mask_of(group.yz) + min(own, vec4u(params.keys - 1));
  var k_sums: array<vec4f, 4 * QUADS>;
  var v_sums: array<vec4f, 4 * QUADS>;
  for (var base = 0u; base < params.tokens; base += ROWS) {
    let shared_row = base + 4 * lane;
    var t = Tile();
    var products = Tile();
    for (var c = 0u; c < params.quads; c++) {
      add_products(&t, q_rows(queries, shared_row, c), transpose(k_rows(values, first, c)));
    }
    for (var c = 0u; c < params.quads; c++) {
      add_products(&products, d_rows(queries, shared_row, c), transpose(v_rows(values, first, c)));
    }
    for (var r = base; r < base + ROWS; r += LANES) {
      let row = stats[queries + min(r + lane, params.tokens - 1)];
      let p = exp_shared(scores(t.a, r, params.tokens, masks, params.mask_row), row.x, row.y);
      t = turn(t, p);
      products = turn(products, times_difference_shared(p, products.a, row.z));
    }
    for (var c = 0u; c < params.quads; c++) {
      let more = mix(&t, d_rows(queries, shared_row, c));
      v_sums[4 * c] += more[0];
      v_sums[4 * c + 1] += more[1];
      v_sums[4 * c + 2] += more[2];
      v_sums[4 * c + 3] += more[3];
    }
    for (var c = 0u; c < params.quads; c++) {
      let more = mix(&products, q_rows(queries, shared_row, c));
      k_sums[4 * c] += more[0];
      k_sums[4 * c + 1] += more[1];
      k_sums[4 * c + 2] += more[2];
      k_sums[4 * c + 3] += more[3];
    }
  }
  for (var c = 0u; c < params.quads; c++) {
    let k_part = transpose(mat4x4f(k_sums[4 * c], k_sums[4 * c + 1], k_sums[4 * c + 2], k_sums[4 * c + 3]));
    let v_part = transpose(mat4x4f(v_sums[4 * c], v_sums[4 * c + 1], v_sums[4 * c + 2], v_sums[4 * c + 3]));
    for (var i = 0u; i < 4; i++) {
      if first + i < params.keys {
        dk[(values + first + i) * params.quads + c] = k_part[i] * params.scale;
        dv[(values + first + i) * params.quads + c] = v_part[i];
      }
    }
  }
}
