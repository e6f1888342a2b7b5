/**
 * A person of 17 joints in three.js: 16 limbs and 17 balls in one draw, and their shadow in another.
 * Their vertices are moved here: a draw for each limb costs software adapters more than all of them.
 */

import { BONES, JOINTS } from 'kinegrad';
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  CylinderGeometry,
  DoubleSide,
  Group,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  Quaternion,
  SphereGeometry,
  Vector3,
} from 'three';

export interface PersonColours {
  readonly left: string;
  readonly right: string;
  readonly middle: string;
  readonly shadow: string;
}

/** Metres: what a limb looks like at its two ends, by the name of its bone. */
const THICKNESS: Readonly<Record<string, readonly [number, number]>> = {
  Pelvis: [0.055, 0.06],
  Thigh: [0.062, 0.045],
  Shank: [0.044, 0.03],
  Trunk: [0.065, 0.065],
  neck: [0.04, 0.04],
  head: [0.045, 0.05],
  Clavicle: [0.05, 0.045],
  UpperArm: [0.04, 0.033],
  Forearm: [0.033, 0.024],
};
export const thicknessOf = (name: string) =>
  Object.entries(THICKNESS).find(([part]) => name.endsWith(part))![1];
const HEAD = JOINTS.indexOf('head');

/** Radius of the ball about a joint: that of the thickest limb that ends there. */
export const BALLS = JOINTS.map((_, joint) => {
  const ends = BONES.flatMap(({ name, from, to }) => {
    const [near, far] = thicknessOf(name);
    return from === joint ? [near] : to === joint ? [far] : [];
  });
  return joint === HEAD ? 0.085 : Math.max(...ends) * 1.08;
});

export interface PersonMesh {
  readonly group: Group;
  /** Places it: [17 * 3] metres in the camera's frame, and the height of the ground, y up. */
  place(joints: ArrayLike<number>, ground: number): void;
  paint(colours: PersonColours): void;
  dispose(): void;
}

const UP = new Vector3(0, 1, 0);
const SHADOW_HEIGHT = 0.002;

/** Limbs of one metre along y, then balls, all about the origin. */
const PARTS = [
  ...BONES.map(({ name }) => {
    const [near, far] = thicknessOf(name);
    return new CylinderGeometry(far, near, 1, 12, 1, true);
  }),
  ...BALLS.map((radius, joint) => new SphereGeometry(radius, joint === HEAD ? 20 : 14, 10)),
];
const sizes = PARTS.map((part) => part.getAttribute('position').count);
/** Where the vertices of each part begin. */
const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
const joined = (name: string) =>
  Float32Array.from(PARTS.flatMap((part) => [...part.getAttribute(name).array]));
const [PLACES, NORMALS] = [joined('position'), joined('normal')];
const indices = (from: number, to: number) =>
  PARTS.slice(from, to).flatMap((part, i) =>
    [...part.index!.array].map((vertex) => vertex + starts[from + i]!),
  );

/** @param faint see-through and without a shadow, for what is only a possibility */
export function createPerson(faint = false): PersonMesh {
  const numbers = (values: Float32Array) => new BufferAttribute(values, 3);
  const places = numbers(PLACES.slice());
  const normals = numbers(NORMALS.slice());
  const colours = numbers(new Float32Array(PLACES.length));
  const body = new BufferGeometry();
  body.setAttribute('position', places);
  body.setAttribute('normal', normals);
  body.setAttribute('color', colours);
  body.setIndex(indices(0, PARTS.length));
  const limbs = new BufferGeometry();
  limbs.setAttribute('position', places);
  limbs.setIndex(indices(0, BONES.length));
  const look = { transparent: faint, opacity: faint ? 0.32 : 1, depthWrite: !faint };
  const material = new MeshLambertMaterial({ ...look, vertexColors: true });
  const dark = new MeshBasicMaterial({ side: DoubleSide });
  const shadow = new Mesh(limbs, dark);
  shadow.matrixAutoUpdate = false;
  const group = new Group();
  group.name = 'person';
  group.add(new Mesh(body, material));
  if (!faint) group.add(shadow);
  for (const mesh of group.children) mesh.frustumCulled = false;

  const points = JOINTS.map(() => new Vector3());
  const [matrix, turn] = [new Matrix4(), new Quaternion()];
  const [size, middle, along, vertex] = [1, 2, 3, 4].map(() => new Vector3()) as [
    Vector3,
    Vector3,
    Vector3,
    Vector3,
  ];
  /** Moves the vertices of a part by `matrix`, and turns its normals by `turn`. */
  const move = (part: number) => {
    for (let i = 3 * starts[part]!, end = i + 3 * sizes[part]!; i < end; i += 3) {
      vertex.fromArray(PLACES, i).applyMatrix4(matrix).toArray(places.array, i);
      vertex.fromArray(NORMALS, i).applyQuaternion(turn).toArray(normals.array, i);
    }
  };
  return {
    group,
    place(joints, ground) {
      points.forEach((p, i) => p.set(joints[3 * i]!, -joints[3 * i + 1]!, -joints[3 * i + 2]!));
      BONES.forEach(({ from, to }, i) => {
        const [a, b] = [points[from]!, points[to]!];
        along.subVectors(b, a);
        const length = Math.max(1e-4, along.length());
        turn.setFromUnitVectors(UP, along.divideScalar(length));
        middle.addVectors(a, b).multiplyScalar(0.5);
        matrix.compose(middle, turn, size.set(1, length, 1));
        move(i);
      });
      turn.identity();
      points.forEach((p, i) => {
        matrix.makeTranslation(p);
        move(BONES.length + i);
      });
      places.needsUpdate = normals.needsUpdate = true;
      shadow.matrix.set(1, 0, 0, 0, 0, 0, 0, ground + SHADOW_HEIGHT, 0, 0, 1, 0, 0, 0, 0, 1);
    },
    paint(tokens) {
      const colour = new Color();
      const sides = BONES.map(({ side }) => side);
      // A ball has the colour of the limb that ends there.
      ([...sides, 'middle', ...sides] as const).forEach((side, part) => {
        const { r, g, b } = colour.set(tokens[side]);
        for (let i = 0; i < sizes[part]!; i++) colours.setXYZ(starts[part]! + i, r, g, b);
      });
      colours.needsUpdate = true;
      dark.color.set(tokens.shadow);
    },
    dispose() {
      for (const each of [body, limbs, material, dark]) each.dispose();
      group.removeFromParent();
    },
  };
}
