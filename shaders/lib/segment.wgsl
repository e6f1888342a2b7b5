// The point of a segment from a to a + along that is nearest to p: a + t along.
//
//   t = clamp((p - a) · along / |along|², 0, 1)
//
// A segment without length is the point a.

fn over_square(along: vec2f) -> vec2f {
  let square = dot(along, along);
  return select(vec2f(), along / max(square, 1e-30), square > 1e-30);
}

fn nearest_of_segment(from_a: vec2f, along: vec2f) -> f32 {
  return clamp(dot(from_a, over_square(along)), 0.0, 1.0);
}
