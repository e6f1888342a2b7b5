// Tiles of two tensors in workgroup memory, ROWS rows of each at a time.

const WIDTH = 64u;                             // threads of a workgroup, each with a row of its own
const ROWS = 16u;

var<workgroup> a_tile: array<vec4f, ROWS * QUADS>;
var<workgroup> b_tile: array<vec4f, ROWS * QUADS>;

// A score with its mask, which begins at `masks` for the row of the query; keys beyond the last are hidden.
fn score(product: f32, masks: u32, key: u32) -> f32 {
  if key >= params.keys { return HIDDEN; }
  if MASKED { return masked(product, masks + key); }
  return product;
}
