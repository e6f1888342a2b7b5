// Which taps of a window lie on the image, along one axis: the first, and the one behind the last.
//
// The window begins at `begin`, which may lie before the image; tap k is k dilation further on.

fn tap_range(begin: i32, dilation: u32, taps: u32, size: u32) -> vec2u {
  let d = i32(dilation);
  let first = select(0, (-begin + d - 1) / d, begin < 0);
  let room = i32(size) - begin;                // from the begin of the window to the end of the image
  let last = select(0, (room + d - 1) / d, room > 0);
  return vec2u(u32(first), min(u32(last), taps));
}
