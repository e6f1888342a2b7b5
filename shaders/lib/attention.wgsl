// What all attention kernels share: sizes, q, k, v and the mask.
//
// q is [batch, heads, tokens, size], k and v are [batch, heads, keys, size], in quads. A mask is [batch or 1, heads or 1,
// tokens or 1, keys], added to the scaled scores; an axis of 1 has stride 0. A mask of -1e30 or less, so -infinity
// too, hides its key: the score is then HIDDEN by a select, and never infinite.
//
// The largest score of a row is at least FLOOR, so that exp(HIDDEN - FLOOR) is 0 and a row without a key has no sum.

struct Params {
  heads: u32, tokens: u32, keys: u32, quads: u32,                    // quads of a row of q, k and v
  scale: f32,
  mask_batch: u32, mask_head: u32, mask_row: u32,                    // strides of the mask
}

override MASKED: bool = false;

const QUADS = 16u;                             // at least params.quads, for the sizes of arrays

const HIDDEN = -1e30;
const FLOOR = -5e29;
const HIDING = 0xf149f2cau;                    // the bits of -1e30; those of all below it are larger

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<f32>;

// Where the mask of a head begins; `head` is the place of the workgroup in heads and batch.
fn mask_of(head: vec2u) -> u32 { return head.y * params.mask_batch + head.x * params.mask_head; }

// What to add to a score. Beside HIDDEN no score counts.
fn mask_at(index: u32) -> f32 {
  let m = mask[index];
  return select(m, HIDDEN, bitcast<u32>(m) >= HIDING);
}

fn masks4(index: vec4u) -> vec4f {
  return vec4f(mask_at(index.x), mask_at(index.y), mask_at(index.z), mask_at(index.w));
}
