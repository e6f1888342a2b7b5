// Where rays meet round cones and boxes; the same formulas stand in `src/data/scene/intersect.ts`.
//
// A round cone is the hull of two balls: a ball, a ball, and a cone between the circles where it touches them. All is reckoned
// from the point of the ray nearest to the first ball, so that no digits are lost to the distance of the camera.

const FAR = 1e9;
// Rounding hides what a ray meets this near its origin, in units of its direction.
const NEAR = 1e-3;

// Least t > 0 at which o + t d enters the round cone of these quads, or FAR.
fn meet_cone(a: vec4f, b: vec4f, n: vec4f, origin: vec3f, direction: vec3f) -> f32 {
  let d = mapped(direction, n);
  let start = mapped(origin, n) - a.xyz;
  let dd = dot(d, d);
  let over = 1.0 / dd;
  let t0 = -dot(start, d) * over;
  let oa = start + t0 * d;
  let ob = oa - b.xyz;
  let r = a.w - b.w;
  let m0 = dot(b.xyz, b.xyz);
  let m1 = dot(b.xyz, oa);
  let m2 = dot(b.xyz, d);
  let m5 = dot(oa, oa);
  let d2 = m0 - r * r;
  let aa = a.w * a.w;
  let ha = (aa - m5) * over;
  let hb = m2 * m2 - dd * (dot(ob, ob) - b.w * b.w);
  let k2 = d2 * dd - m2 * m2;
  let k1 = m2 * (r * a.w - m1);
  let k0 = d2 * m5 - m1 * m1 + 2.0 * m1 * r * a.w - m0 * aa;
  let h = k1 * k1 - k0 * k2;
  let ta = t0 - sqrt(max(ha, 0.0));
  let tb = t0 + (m2 - sqrt(max(hb, 0.0))) * over;
  let side = (-k1 - sqrt(max(h, 0.0))) / select(k2, 1e-20, k2 == 0.0);
  let tc = t0 + side;
  let y = m1 - r * a.w + side * m2;
  var best = select(FAR, ta, ha > 0.0 && ta > NEAR);
  best = min(best, select(FAR, tb, hb > 0.0 && tb > NEAR));
  return min(best, select(FAR, tc, h > 0.0 && y > 0.0 && y < d2 && tc > NEAR));
}

// The normal at a point of it, of no certain length.
fn cone_normal(a: vec4f, b: vec4f, n: vec4f, point: vec3f) -> vec3f {
  let p = mapped(point, n) - a.xyz;
  let r = a.w - b.w;
  let y = (dot(b.xyz, p) - r * a.w) / (dot(b.xyz, b.xyz) - r * r);
  return mapped(p - b.xyz * clamp(y, 0.0, 1.0), n);
}

// A number that may be divided by.
fn away(x: vec3f) -> vec3f {
  return select(x, vec3f(1e-7), abs(x) < vec3f(1e-7));
}

fn in_axes(u: vec3f, v: vec3f, p: vec3f) -> vec3f {
  return vec3f(dot(u, p), dot(v, p), dot(cross(u, v), p));
}

// Least t > 0 at which o + t d enters the box of these quads, or FAR.
fn meet_box(centre: vec4f, u: vec4f, v: vec4f, origin: vec3f, direction: vec3f) -> f32 {
  let o = in_axes(u.xyz, v.xyz, origin - centre.xyz);
  let d = away(in_axes(u.xyz, v.xyz, direction));
  let half_size = vec3f(centre.w, u.w, v.w) * sign(d);
  let into = (-half_size - o) / d;
  let out = (half_size - o) / d;
  let enter = max(into.x, max(into.y, into.z));
  return select(FAR, enter, enter < min(out.x, min(out.y, out.z)) && enter > NEAR);
}
