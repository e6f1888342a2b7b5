// Halves in pairs, for devices that have no type f16: a quad is two words, a single one half of a word. The first of a pair lies in
// the low bits. What is stored is rounded to the nearest half.

fn quad_of_halves(words: vec2u) -> vec4f { return vec4f(unpack2x16float(words.x), unpack2x16float(words.y)); }
fn half_of_word(word: u32, i: u32) -> f32 { return unpack2x16float(word)[i & 1u]; }
fn halves_of_quad(quad: vec4f) -> vec2u { return vec2u(pack2x16float(quad.xy), pack2x16float(quad.zw)); }
