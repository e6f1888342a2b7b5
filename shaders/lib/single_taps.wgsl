// The edition of `taps.wgsl` for single values, or for windows of more than 256 taps.

// use lib/quad.wgsl

alias Taps = u32;

fn packed(tap: Taps) -> u32 { return tap; }
fn unpacked(word: u32) -> Taps { return word; }
