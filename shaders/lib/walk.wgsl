// Threads that walk over `count` Ts, `stride` Ts from step to step: neighbours touch neighbouring addresses.
//
// On a line a workgroup takes WIDTH * steps Ts without gaps, and the stride is WIDTH. Down columns the stride is a number
// of whole rows, and each thread stays in its column.
//
// A GPU wants many threads of one step. On a CPU threads and workgroups cost and steps do not; there the number of steps
// must not be known to the compiler, which would unroll them.

// use lib/grid.wgsl

override WIDTH: u32 = 64;                      // threads of a workgroup

struct Walk { first: u32, end: u32 }           // i = first, first + stride, ... while i < end

fn line_walk(group: u32, lane: u32, steps: u32, count: u32) -> Walk {
  let begin = group * WIDTH * steps;
  return Walk(begin + lane, min(begin + WIDTH * steps, count));
}

fn walk(thread: u32, stride: u32, steps: u32, count: u32) -> Walk {
  if steps == 1 { return Walk(thread, min(thread + 1, count)); }
  let tile = stride * steps;
  let begin = thread / stride * tile;
  return Walk(begin + thread % stride, min(begin + tile, count));
}
