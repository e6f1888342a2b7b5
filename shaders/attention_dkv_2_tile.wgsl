// dv[j] = sum_i p[i, j] do[i]        dk[j] = scale sum_i ds[i, j] q[i], with p and ds as in attention_dq_2_tile.wgsl
//
// The other way round: each thread takes one key through all queries, with its k, v, dk and dv in registers; 64 of them share tiles of
// q and do in workgroup memory. So nothing is written twice, and the order of additions is fixed.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]) is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_tile.wgsl
// use lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> dv: array<vec4f>;

var<workgroup> of_rows: array<vec4f, ROWS>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.z * params.heads + group.y;
  let row = WIDTH * group.x + lane;
  let own = min(row, params.keys - 1);
  let value = head * params.keys + own;
  let queries = head * params.tokens;
  let masks = mask_of(group.yz) + own;
  var my_k: array<vec4f, QUADS>;
  var my_v: array<vec4f, QUADS>;
  var my_dk: array<vec4f, QUADS>;
  var my_dv: array<vec4f, QUADS>;
  if params.keys > 0 {
    for (var c = 0u; c < QUADS; c++) {
      my_k[c] = k[value * QUADS + c] * params.scale;
      my_v[c] = v[value * QUADS + c];
    }
  }
  for (var base = 0u; base < params.tokens; base += ROWS) {
    workgroupBarrier();
    for (var i = lane; i < ROWS * QUADS; i += WIDTH) {
      let at = (queries + min(base + i / QUADS, params.tokens - 1)) * QUADS + i % QUADS;
      a_tile[i] = q[at];
      b_tile[i] = d_o[at];
    }
    if lane < ROWS { of_rows[lane] = stats[queries + min(base + lane, params.tokens - 1)]; }
    workgroupBarrier();
    let rows = min(ROWS, params.tokens - base);
    for (var i = 0u; i < rows; i++) {
      var qk = vec4f();
      var products = vec4f();
      for (var c = 0u; c < QUADS; c++) {
        qk += my_k[c] * a_tile[i * QUADS + c];
        products += my_v[c] * b_tile[i * QUADS + c];
      }
      let s = score((qk.x + qk.y) + (qk.z + qk.w), masks + (base + i) * params.mask_row);
      let p = exp(s - of_rows[i].x - of_rows[i].y);
      let ds = p * ((products.x + products.y) + (products.z + products.w) - of_rows[i].z);
      for (var c = 0u; c < QUADS; c++) {
        my_dv[c] += p * b_tile[i * QUADS + c];
        my_dk[c] += ds * a_tile[i * QUADS + c];
      }
    }
  }
  if row >= params.keys { return; }
  for (var c = 0u; c < QUADS; c++) {
    dk[value * QUADS + c] = my_dk[c] * params.scale;
    dv[value * QUADS + c] = my_dv[c];
  }
}
