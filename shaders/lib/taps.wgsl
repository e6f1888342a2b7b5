// The tap that has the largest value of a window, for each value of a T: a byte each, since a quad has four.

// use lib/quad.wgsl

alias Taps = vec4u;

fn packed(taps: Taps) -> u32 { return taps.x | (taps.y << 8) | (taps.z << 16) | (taps.w << 24); }
fn unpacked(word: u32) -> Taps { return (vec4u(word) >> vec4u(0, 8, 16, 24)) & vec4u(255); }
