// Tiles of two tensors in workgroup memory, ROWS rows of each at a time.

const WIDTH = 64u;                             // threads of a workgroup, each with a row of its own
const ROWS = 16u;

var<workgroup> a_tile: array<vec4f, ROWS * QUADS>;
var<workgroup> b_tile: array<vec4f, ROWS * QUADS>;

// A score with its mask.
fn score(product: f32, index: u32) -> f32 {
  if MASKED { return product + mask_at(index); }
  return product;
}
