// Halves in pairs, for devices that have no type f16: a quad is two words, a single one half of a word. The first of a pair lies in
// the low bits. What is stored is rounded to the nearest half. What is too large for one becomes an infinity by hand: WGSL leaves
// open what `pack2x16float` makes of it, and SwiftShader spoils the other half, too.

fn quad_of_halves(words: vec2u) -> vec4f { return vec4f(unpack2x16float(words.x), unpack2x16float(words.y)); }
fn half_of_word(word: u32, i: u32) -> f32 { return unpack2x16float(word)[i & 1u]; }
fn halves_of_quad(quad: vec4f) -> vec2u { return vec2u(halves_of_pair(quad.xy), halves_of_pair(quad.zw)); }
fn halves_of_pair(pair: vec2f) -> u32 {
  let over = abs(pair) >= vec2f(65520.0);      // as near to the next power of two as to the largest half, or nearer
  let infinities = select(vec2u(0), ((bitcast<vec2u>(pair) >> vec2u(16)) & vec2u(0x8000)) | vec2u(0x7c00), over);
  return pack2x16float(select(pair, vec2f(0.0), over)) | infinities.x | (infinities.y << 16u);
}
