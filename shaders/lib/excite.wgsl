// What both directions of the excitation share: sums over the rows of a product, divided among the threads of a workgroup that
// has one image.
//
// The Ts of results are taken SPAN at a time. Where there are fewer than threads, several threads share one, each takes every
// `parts`-th term, and their sums are added in order.

// use lib/quad.wgsl
// use lib/activation.wgsl

struct Params { channels: u32, hidden: u32, scale: f32 }  // in Ts

override WIDTH: u32 = 64;                      // threads of a workgroup
override SILU: bool = false;                   // else relu
override HARD: bool = false;                   // hard sigmoid, else sigmoid

@group(0) @binding(0) var<uniform> params: Params;

var<workgroup> slots: array<T, WIDTH>;

// Each thread's sum becomes that of all that share its result; call from uniform control flow.
fn shared_sum(own: T, lane: u32, span: u32) -> T {
  if span == WIDTH { return own; }
  slots[lane] = own;
  workgroupBarrier();
  var sum = T(0.0);
  for (var at = lane % span; at < WIDTH / span * span; at += span) { sum += slots[at]; }
  workgroupBarrier();
  return sum;
}
