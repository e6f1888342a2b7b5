/** A person of 17 joints in three.js: 16 bones and 17 balls in two draws, and a shadow in a third. */

import { BONES, JOINTS } from 'kinegrad';
import {
  Color,
  CylinderGeometry,
  DoubleSide,
  Group,
  InstancedMesh,
  Matrix4,
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

/** @param faint see-through and without a shadow, for what is only a possibility */
export function createPerson(faint = false): PersonMesh {
  const limb = new CylinderGeometry(1, 1, 1, 14, 1, true);
  const ball = new SphereGeometry(1, 18, 12);
  const look = { transparent: faint, opacity: faint ? 0.32 : 1, depthWrite: !faint };
  const material = new MeshLambertMaterial(look);
  const dark = new MeshBasicMaterial({ side: DoubleSide });
  const limbs = BONES.map(({ name }) => {
    const [near, far] = thicknessOf(name);
    const taper = new CylinderGeometry(far, near, 1, 14, 1, true);
    return taper;
  });
  // Limbs taper each in its own way, so they are meshes of one instance with a shape each.
  const bones = limbs.map((shape) => new InstancedMesh(shape, material, 1));
  const balls = new InstancedMesh(ball, material, JOINTS.length);
  const shadow = new InstancedMesh(limb, dark, BONES.length);
  const group = new Group();
  group.name = 'person';
  group.add(...bones, balls);
  if (!faint) group.add(shadow);
  for (const mesh of [...bones, balls, shadow]) mesh.frustumCulled = false;

  const points = JOINTS.map(() => new Vector3());
  const [matrix, flat, turn] = [new Matrix4(), new Matrix4(), new Quaternion()];
  const [size, middle, along] = [new Vector3(), new Vector3(), new Vector3()];
  return {
    group,
    place(joints, ground) {
      points.forEach((p, i) => p.set(joints[3 * i]!, -joints[3 * i + 1]!, -joints[3 * i + 2]!));
      flat.set(1, 0, 0, 0, 0, 0, 0, ground + SHADOW_HEIGHT, 0, 0, 1, 0, 0, 0, 0, 1);
      BONES.forEach(({ name, from, to }, i) => {
        const [a, b] = [points[from]!, points[to]!];
        along.subVectors(b, a);
        const length = Math.max(1e-4, along.length());
        turn.setFromUnitVectors(UP, along.divideScalar(length));
        middle.addVectors(a, b).multiplyScalar(0.5);
        bones[i]!.setMatrixAt(0, matrix.compose(middle, turn, size.set(1, length, 1)));
        bones[i]!.instanceMatrix.needsUpdate = true;
        const thick = thicknessOf(name)[0];
        matrix.compose(middle, turn, size.set(thick, length, thick));
        shadow.setMatrixAt(i, matrix.premultiply(flat));
      });
      points.forEach((p, i) => {
        const r = BALLS[i]!;
        balls.setMatrixAt(i, matrix.compose(p, turn.identity(), size.set(r, r, r)));
      });
      balls.instanceMatrix.needsUpdate = true;
      shadow.instanceMatrix.needsUpdate = true;
    },
    paint(colours) {
      const colour = new Color();
      BONES.forEach(({ side }, i) => bones[i]!.setColorAt(0, colour.set(colours[side])));
      JOINTS.forEach((_, i) =>
        balls.setColorAt(i, colour.set(colours[i === 0 ? 'middle' : BONES[i - 1]!.side])),
      );
      for (const mesh of [...bones, balls]) mesh.instanceColor!.needsUpdate = true;
      dark.color.set(colours.shadow);
    },
    dispose() {
      for (const mesh of [...bones, balls, shadow]) {
        mesh.geometry.dispose();
        mesh.dispose();
      }
      material.dispose();
      dark.dispose();
      group.removeFromParent();
    },
  };
}
