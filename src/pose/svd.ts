import { type Matrix3, multiply, transpose, type Vector3 } from './linear.ts';

/**
 * m = u diag(s) v^T with s descending and not negative, u and v orthogonal. One-sided Jacobi
 * (Hestenes): rotations make the columns of m orthogonal, which keeps small singular values
 * accurate where the eigenvectors of m^T m would lose half the digits. Columns of u that belong to
 * a zero singular value are completed to an orthonormal basis.
 */
export function svd(m: Matrix3): { u: Matrix3; s: Vector3; v: Matrix3 } {
  const w = [...m];
  const v = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  for (let sweep = 0; sweep < 30; sweep++) {
    let moved = false;
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      let pp = 0;
      let qq = 0;
      let pq = 0;
      for (let i = 0; i < 9; i += 3) {
        pp += w[i + p]! * w[i + p]!;
        qq += w[i + q]! * w[i + q]!;
        pq += w[i + p]! * w[i + q]!;
      }
      if (!(Math.abs(pq) > 1e-16 * Math.sqrt(pp * qq))) continue;
      moved = true;
      const theta = (qq - pp) / (2 * pq);
      const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const s = t * c;
      for (const matrix of [w, v])
        for (let i = 0; i < 9; i += 3) {
          const x = matrix[i + p]!;
          const y = matrix[i + q]!;
          matrix[i + p] = c * x - s * y;
          matrix[i + q] = s * x + c * y;
        }
    }
    if (!moved) break;
  }
  const norms = [0, 1, 2].map((c) => Math.hypot(w[c]!, w[3 + c]!, w[6 + c]!));
  const order = [0, 1, 2].sort((p, q) => norms[q]! - norms[p]!) as [number, number, number];
  const s = order.map((c) => norms[c]!) as [number, number, number];
  const floor = s[0] * 1e-15;
  const columns = order.map((c, rank): Vector3 | undefined => {
    const norm = s[rank]!;
    return norm > floor && norm > 1e-300
      ? [w[c]! / norm, w[3 + c]! / norm, w[6 + c]! / norm]
      : undefined;
  });
  const vColumn = (c: number): Vector3 => [v[c]!, v[3 + c]!, v[6 + c]!];
  return {
    u: transpose(complete(columns[0], columns[1], columns[2])),
    s,
    v: transpose([...vColumn(order[0]), ...vColumn(order[1]), ...vColumn(order[2])]),
  };
}

/** Rows a, b, c where the missing ones (always the last) are filled in orthonormally. */
function complete(a?: Vector3, b?: Vector3, c?: Vector3): Matrix3 {
  const first: Vector3 = a ?? [1, 0, 0];
  let second = b;
  if (!second) {
    // the axis farthest from the first row, made orthogonal to it
    const axis = first.map(Math.abs).indexOf(Math.min(...first.map(Math.abs)));
    const d = first[axis]!;
    const e = first.map((x, i) => (i === axis ? 1 : 0) - d * x) as [number, number, number];
    const n = Math.hypot(...e);
    second = [e[0] / n, e[1] / n, e[2] / n];
  }
  const third: Vector3 = c ?? [
    first[1] * second[2] - first[2] * second[1],
    first[2] * second[0] - first[0] * second[2],
    first[0] * second[1] - first[1] * second[0],
  ];
  return [...first, ...second, ...third];
}

/** u diag(s) v^T, the inverse of `svd`. */
export function compose({ u, s, v }: { u: Matrix3; s: Vector3; v: Matrix3 }): Matrix3 {
  return multiply(multiply(u, [s[0], 0, 0, 0, s[1], 0, 0, 0, s[2]]), transpose(v));
}
