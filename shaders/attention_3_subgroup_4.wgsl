enable subgroups;
// o[i] = sum_j p[i, j] v[j]        p[i, j] = exp(s[i, j] - tops[i] - logs[i]), s[i, j] = scale q[i] . k[j] + mask[i, j]
// logs[i] = log(sum_j exp(s[i, j] - tops[i]))
//
// A subgroup of 4 lanes takes 16 queries, four a lane, through all keys, 16 at a time: it computes the tile of scores in
// registers, turns them into exponentials, and adds the rows of v that they weigh to the sums o of its lanes.
//
// Exponents are relative to the largest score of a row so far (Milakov and Gimelshein 2018). When a larger one comes, sums are scaled; and
// only when it is larger by more than LAZY, for exponentials below exp(LAZY) lose no digits. A row of hidden keys alone gives zeros.

// use lib/attention.wgsl
// use lib/attention_subgroup_4.wgsl
// use lib/attention_rows.wgsl

@group(0) @binding(5) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> tops: array<f32>;
@group(0) @binding(7) var<storage, read_write> logs: array<f32>;

const LAZY = 8.0;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let head = group.z * params.heads + group.y;
  let queries = head * params.tokens;
  let values = head * params.keys;
  let first = ROWS * group.x + 4 * lane;
  let own = first + vec4u(0, 1, 2, 3);
  let masks = mask_of(group.yz) + min(own, vec4u(params.tokens - 1)) * params.mask_row;
  var top = vec4f(FLOOR);
  var sum = vec4f();
  // Column i of the four own rows. They are far too many for registers, but touched once for a whole tile.
  var sums: array<vec4f, 4 * QUADS>;
  for (var base = 0u; base < params.keys; base += ROWS) {
    let shared_row = base + 4 * lane;
    var t = Tile();
    for (var c = 0u; c < params.quads; c++) {
      add_products(&t, k_rows(values, shared_row, c), transpose(q_rows(queries, first, c)));
    }
    var higher = top;
    for (var r = base; r < base + ROWS; r += LANES) {
      let s = scores(t.a, r, params.keys, masks, 1);
      higher = max(higher, max_of(s));
      t = turn(t, s);
    }
    if subgroupAny(any(higher > top + LAZY)) {
      let factor = exp(top - higher);
      top = higher;
      sum *= factor;
      for (var i = 0u; i < 4 * params.quads; i++) { sums[i] *= factor; }
    }
    for (var r = base; r < base + ROWS; r += LANES) {
      let p = exp_rows(t.a, top, vec4f());
      sum += sum_of(p);
      t = turn(t, p);
    }
    for (var c = 0u; c < params.quads; c++) {
      let more = mix(&t, v_rows(values, shared_row, c));
      sums[4 * c] += more[0];
      sums[4 * c + 1] += more[1];
      sums[4 * c + 2] += more[2];
      sums[4 * c + 3] += more[3];
    }
  }
  let seen = top > vec4f(FLOOR);
  let factor = select(vec4f(), 1.0 / sum, seen);
  let log_sum = select(vec4f(), log(sum), seen);
  for (var i = 0u; i < 4; i++) {
    if first + i < params.tokens {
      tops[queries + first + i] = top[i];
      logs[queries + first + i] = log_sum[i];
    }
  }
  for (var c = 0u; c < params.quads; c++) {
    let rows = transpose(mat4x4f(
      sums[4 * c] * factor, sums[4 * c + 1] * factor, sums[4 * c + 2] * factor, sums[4 * c + 3] * factor));
    for (var i = 0u; i < 4; i++) {
      if first + i < params.tokens { o[(queries + first + i) * params.quads + c] = rows[i]; }
    }
  }
}
