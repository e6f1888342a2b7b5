// y[n, oy, ox, c] = the four pixels of x around the place of (oy, ox), weighted by how near they are; or the one before it
//
// A thread takes a T of some results of a row and walks along them. Of x it holds the two columns around its place, already
// weighted down, and reads a column only when it comes to it: twice as large takes one load for a result, not four.
//
// Weights come from whole numbers and add up to 1 in each direction: x + (next - x) fraction. See `lib/resize.wgsl`.

// use lib/resize.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let id = line(group, groups) * WIDTH + lane;
  let c = id % p.columns;
  var rest = id / p.columns;
  let first = rest % p.strips * p.run; rest /= p.strips;
  let oy = rest % p.oh;
  let image = rest / p.oh;
  if image >= p.images { return; }

  let v = down(p);
  let place_y = place(v, oy);
  let iy = u32(place_y / v.parts);
  let fraction_y = fraction(v, place_y % v.parts);
  let row = (image * p.h + iy) * p.w * p.columns + c;
  let next_row = (image * p.h + min(iy + 1, p.h - 1)) * p.w * p.columns + c;
  let to = (image * p.oh + oy) * p.ow * p.columns + c;

  let u = across(p);
  var i = u32(place(u, first) / u.parts);
  var left = x[row + i * p.columns];
  if LINEAR == 1 { left += (x[next_row + i * p.columns] - left) * fraction_y; }
  var right = left;
  var held = i;                                // the column in `right`
  for (var ox = first; ox < min(first + p.run, p.ow); ox++) {
    let place_x = place(u, ox);
    if place_x >= i32(i + 1) * u.parts {
      i = u32(place_x / u.parts);
      if i == held {
        left = right;
      } else {
        left = x[row + i * p.columns];
        if LINEAR == 1 { left += (x[next_row + i * p.columns] - left) * fraction_y; }
      }
    }
    if LINEAR == 1 {
      let wanted = min(i + 1, p.w - 1);
      if held != wanted {
        held = wanted;
        right = x[row + held * p.columns];
        right += (x[next_row + held * p.columns] - right) * fraction_y;
      }
      y[to + ox * p.columns] = left + (right - left) * fraction(u, place_x - i32(i) * u.parts);
    } else {
      y[to + ox * p.columns] = left;
    }
  }
}
