import {
  BufferGeometry,
  Color,
  Float32BufferAttribute,
  LineBasicMaterial,
  LineSegments,
} from 'three';

/** Metres between lines, and to where they fade out. */
const STEP = 0.5;
const REACH = 6;

export interface Grid {
  readonly lines: LineSegments;
  /** Colours of the lines, and of what they fade into. */
  paint(line: string, room: string): void;
}

/**
 * A ground of lines that fade out all round. They are short pieces, because long ones that pass the
 * viewer are lost on some software adapters.
 */
export function createGrid(): Grid {
  const places: number[] = [];
  const shares: number[] = [];
  const count = REACH / STEP;
  const add = (x: number, z: number) => {
    places.push(x, 0, z);
    shares.push(Math.min(1, (Math.hypot(x, z) / REACH) ** 1.5));
  };
  for (let i = -count; i <= count; i++)
    for (let j = -count; j < count; j++) {
      const [a, b, c] = [i * STEP, j * STEP, (j + 1) * STEP];
      if (Math.hypot(a, b) > REACH && Math.hypot(a, c) > REACH) continue;
      add(a, b);
      add(a, c);
      add(b, a);
      add(c, a);
    }
  const shape = new BufferGeometry();
  shape.setAttribute('position', new Float32BufferAttribute(places, 3));
  const colours = new Float32BufferAttribute(new Float32Array(places.length), 3);
  shape.setAttribute('color', colours);
  const lines = new LineSegments(
    shape,
    new LineBasicMaterial({ vertexColors: true, depthWrite: false }),
  );
  lines.renderOrder = -1;
  return {
    lines,
    paint(line, room) {
      const [from, to, mixed] = [new Color(line), new Color(room), new Color()];
      shares.forEach((share, i) => {
        const { r, g, b } = mixed.lerpColors(from, to, share);
        colours.setXYZ(i, r, g, b);
      });
      colours.needsUpdate = true;
    },
  };
}
