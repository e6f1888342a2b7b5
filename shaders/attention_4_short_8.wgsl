enable subgroups;
// o[i] = sum_j p[i, j] v[j]        p[i, j] = exp(s[i, j] - tops[i] - logs[i]), s[i, j] = scale q[i] . k[j] + mask[i, j]
// logs[i] = log(sum_j exp(s[i, j] - tops[i]))
//
// Step 4 of the ladder, for at most 24 tokens and 24 keys: a subgroup of 8 lanes takes a head, three queries a lane. All scores of a query
// are in its lane at once, so nothing is scaled again, and each quad of o is stored as soon as it is there.
// 512 heads of 17 tokens, 64 wide, take 4.4 ms on lavapipe instead of the 11.5 ms of step 3.
//
// Exponents are relative to the largest score of a row. A row of hidden keys alone gives zeros.

// use lib/attention.wgsl
// use lib/attention_short_8.wgsl

@group(0) @binding(5) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> tops: array<f32>;
@group(0) @binding(7) var<storage, read_write> logs: array<f32>;

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = 3 * lane;
  let own = first + vec3u(0, 1, 2);
  let masks = mask_of(group.yz) + min(own, vec3u(params.tokens - 1)) * params.mask_row;
  let end = end_of_rows();
  var t = Tile();
  for (var c = 0u; c < params.quads; c++) {
    add_products(&t, k_rows(values, first, c), transpose(q_rows(queries, first, c)));
  }
  var top = vec3f(FLOOR);
  for (var r = 0u; r < end; r += LANES) {
    let s = scores(t.a, r, params.keys, masks, 1);
    top = max(top, max_of(s));
    t = turn(t, s);
  }
  var sum = vec3f();
  for (var r = 0u; r < end; r += LANES) {
    let p = exp_rows(t.a, top, vec3f());
    sum += sum_of(p);
    t = turn(t, p);
  }
  let seen = top > vec3f(FLOOR);
  let factor = select(vec3f(), 1.0 / sum, seen);
  let log_sum = select(vec3f(), log(sum), seen);
  for (var i = 0u; i < 3; i++) {
    if first + i < params.tokens {
      tops[queries + first + i] = top[i];
      logs[queries + first + i] = log_sum[i];
    }
  }
  for (var c = 0u; c < params.quads; c++) {
    let rows = mix(&t, v_rows(values, first, c));
    for (var i = 0u; i < 3; i++) {
      if first + i < params.tokens { o[(queries + first + i) * params.quads + c] = rows[i] * factor[i]; }
    }
  }
}
