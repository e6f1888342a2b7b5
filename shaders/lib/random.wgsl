// Counter-based random numbers: the same counter gives the same number, on every device and in any order.
// The hash is pcg4d of Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.

fn pcg4d(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v ^= v >> vec4u(16);
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  return v;
}

// Four uniform numbers in [0, 1), multiples of 2^-24, so that f32 holds them exactly.
fn uniform4(counter: vec4u) -> vec4f {
  return vec4f(pcg4d(counter) >> vec4u(8)) * 0x1p-24;
}
