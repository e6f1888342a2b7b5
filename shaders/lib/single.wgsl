// The type T that a kernel works on: here one value at a time, for rows that quads do not fill.

alias T = f32;
alias I = i32;
const LANES = 1u;

fn pick(value: T, i: u32) -> T { return value; }
fn from_quad(quad: vec4f, first: u32) -> T { return quad[first & 3u]; }
fn sum_lanes(t: T) -> f32 { return t; }
fn max_lanes(t: T) -> f32 { return t; }
fn min_lanes(t: T) -> f32 { return t; }
