// The type T that a kernel works on: here four values at a time. `single.wgsl` is the other edition.

alias T = vec4f;
alias I = vec4i;
const LANES = 4u;                              // values of a T

fn pick(quad: T, i: u32) -> T { return T(quad[i & 3u]); }            // the i-th value, for all lanes
fn from_quad(quad: vec4f, first: u32) -> T { return quad; }          // the values from index `first` on
fn sum_lanes(t: T) -> f32 { return (t.x + t.y) + (t.z + t.w); }
fn max_lanes(t: T) -> f32 { return max(max(t.x, t.y), max(t.z, t.w)); }
fn min_lanes(t: T) -> f32 { return min(min(t.x, t.y), min(t.z, t.w)); }
