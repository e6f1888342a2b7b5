// Threads that walk over `count` Ts. Thread t begins at t, or further on by whole tiles of steps * stride Ts, and goes on
// by `stride`: neighbours touch neighbouring addresses. With a stride of WIDTH a workgroup covers a line without gaps;
// with one that is a multiple of a row, a thread stays in its column.
//
// A GPU wants many threads of one step. On a CPU threads and workgroups cost and steps do not; there the number of steps
// must not be known to the compiler, which would unroll them.

// use lib/grid.wgsl

override WIDTH: u32 = 64;                      // threads of a workgroup

struct Walk { first: u32, end: u32 }           // i = first, first + stride, ... while i < end

fn walk(thread: u32, stride: u32, steps: u32, count: u32) -> Walk {
  if steps == 1 { return Walk(thread, min(thread + 1, count)); }
  let tile = stride * steps;
  let begin = thread / stride * tile;
  return Walk(begin + thread % stride, min(begin + tile, count));
}
