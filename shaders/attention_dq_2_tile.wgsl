// dq[i] = scale sum_j ds[i, j] k[j]        ds[i, j] = p[i, j] (do[i] . v[j] - delta[i]), delta[i] = do[i] . o[i]
//
// As the forward pass: each thread takes one query through all keys, with its q, do and dq in registers; 64 of them share tiles of k
// and v in workgroup memory.
//
// p[i, j] = exp(s[i, j] - tops[i] - logs[i]), with both from the forward pass, is at most 1 but for rounding; of a row without a key it is 0.

// use lib/attention.wgsl
// use lib/attention_tile.wgsl
// use lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.z * params.heads + group.y;
  let row = WIDTH * group.x + lane;
  let own = min(row, params.tokens - 1);
  let query = head * params.tokens + own;
  let values = head * params.keys;
  let masks = mask_of(group.yz) + own * params.mask_row;
  var my_q: array<vec4f, QUADS>;
  var my_d: array<vec4f, QUADS>;
  var my_dq: array<vec4f, QUADS>;
  var of_row = vec4f();
  if params.tokens > 0 {
    of_row = stats[query];
    for (var c = 0u; c < QUADS; c++) {
      my_q[c] = q[query * QUADS + c] * params.scale;
      my_d[c] = d_o[query * QUADS + c];
    }
  }
  for (var base = 0u; base < params.keys; base += ROWS) {
    workgroupBarrier();
    for (var i = lane; i < ROWS * QUADS; i += WIDTH) {
      let at = (values + min(base + i / QUADS, params.keys - 1)) * QUADS + i % QUADS;
      a_tile[i] = k[at];
      b_tile[i] = v[at];
    }
    workgroupBarrier();
    let rows = min(ROWS, params.keys - base);
    for (var j = 0u; j < rows; j++) {
      var qk = vec4f();
      var dv = vec4f();
      for (var c = 0u; c < QUADS; c++) {
        qk += my_q[c] * a_tile[j * QUADS + c];
        dv += my_d[c] * b_tile[j * QUADS + c];
      }
      let s = score((qk.x + qk.y) + (qk.z + qk.w), masks + base + j);
      let p = exp(s - of_row.x - of_row.y);
      let ds = p * ((dv.x + dv.y) + (dv.z + dv.w) - of_row.z);
      for (var c = 0u; c < QUADS; c++) { my_dq[c] += ds * a_tile[j * QUADS + c]; }
    }
  }
  if row >= params.tokens { return; }
  for (var c = 0u; c < QUADS; c++) { dq[query * QUADS + c] = my_dq[c] * params.scale; }
}
