// o[i] = sum_j p[i, j] v[j]        p[i, j] = exp(s[i, j] - tops[i] - logs[i]), s[i, j] = scale q[i] . k[j] + mask[i, j]
// logs[i] = log(sum_j exp(s[i, j] - tops[i]))
//
// Step 2 of the ladder: the scores are never in memory. Each thread takes one query through all keys, with its q and o in registers; 64
// of them share tiles of k and v in workgroup memory (Dao et al. 2022), 8 KiB of both where a head is 64 wide.
//
// Exponents are relative to the largest score of a row so far (Milakov and Gimelshein 2018). When a larger one comes, sums are scaled; and
// only when it is larger by more than LAZY, for exponentials below exp(LAZY) lose no digits. A row of hidden keys alone gives zeros.

// use lib/attention.wgsl
// use lib/attention_tile.wgsl

@group(0) @binding(5) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> tops: array<f32>;
@group(0) @binding(7) var<storage, read_write> logs: array<f32>;

const LAZY = 8.0;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.z * params.heads + group.y;
  let row = WIDTH * group.x + lane;
  let own = min(row, params.tokens - 1);
  let query = head * params.tokens + own;
  let values = head * params.keys;
  let masks = mask_of(group.yz) + own * params.mask_row;
  var my_q: array<vec4f, QUADS>;
  var my_o: array<vec4f, QUADS>;
  if params.tokens > 0 {
    for (var c = 0u; c < QUADS; c++) { my_q[c] = q[query * QUADS + c] * params.scale; }
  }
  var top = FLOOR;
  var sum = 0.0;
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
      var product = vec4f();
      for (var c = 0u; c < QUADS; c++) { product += my_q[c] * a_tile[j * QUADS + c]; }
      let s = score((product.x + product.y) + (product.z + product.w), masks + base + j);
      if s > top + LAZY {
        let factor = exp(top - s);
        top = s;
        sum *= factor;
        for (var c = 0u; c < QUADS; c++) { my_o[c] *= factor; }
      }
      let p = exp(s - top);
      sum += p;
      for (var c = 0u; c < QUADS; c++) { my_o[c] += p * b_tile[j * QUADS + c]; }
    }
  }
  if row >= params.tokens { return; }
  let seen = top > FLOOR;
  tops[query] = top;
  logs[query] = select(0.0, log(sum), seen);
  let factor = select(0.0, 1.0 / sum, seen);
  for (var c = 0u; c < QUADS; c++) { o[query * QUADS + c] = my_o[c] * factor; }
}
