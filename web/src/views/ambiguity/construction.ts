/**
 * What decides the depth of a joint, drawn into the scene: its viewing ray from the camera, the
 * circle about its parent on which the bone can end, and the two places where they meet.
 */

import { BONES, type Pose3d } from 'kinegrad';
import {
  BufferAttribute,
  BufferGeometry,
  Group,
  Line,
  LineBasicMaterial,
  LineDashedMaterial,
  Mesh,
  MeshBasicMaterial,
  SphereGeometry,
  Vector3,
} from 'three';

const POINTS = 96;

export interface Construction {
  readonly group: Group;
  /**
   * @param pose the person shown, @param other the same with the bone turned over, where that is
   */
  show(bone: number, pose: Pose3d, other: Pose3d | undefined): void;
  dispose(): void;
}

const at = (pose: Pose3d, joint: number) =>
  new Vector3(pose[3 * joint]!, -pose[3 * joint + 1]!, -pose[3 * joint + 2]!);

export function construction(): Construction {
  const group = new Group();
  const colour = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim();
  const solid = new LineBasicMaterial({ color: colour, fog: false });
  const dashed = new LineDashedMaterial({
    color: colour,
    dashSize: 0.03,
    gapSize: 0.025,
    fog: false,
  });
  const paint = new MeshBasicMaterial({ color: colour, fog: false });
  const ball = new SphereGeometry(0.045, 20, 14);
  const geometry = (count: number) =>
    new BufferGeometry().setAttribute(
      'position',
      new BufferAttribute(new Float32Array(3 * count), 3),
    );
  const ray = new Line(geometry(2), solid);
  const ring = new Line(geometry(POINTS + 1), dashed);
  const ghost = new Line(geometry(2), dashed);
  const ends = [new Mesh(ball, paint), new Mesh(ball, paint)] as const;
  group.add(ray, ring, ghost, ...ends);
  for (const each of group.children) each.frustumCulled = false;
  const write = (line: Line, points: readonly Vector3[]) => {
    const positions = line.geometry.getAttribute('position') as BufferAttribute;
    points.forEach((p, i) => positions.setXYZ(i, p.x, p.y, p.z));
    positions.needsUpdate = true;
    line.computeLineDistances();
  };
  return {
    group,
    show(bone, pose, other) {
      const { from, to } = BONES[bone]!;
      const [parent, end] = [at(pose, from), at(pose, to)];
      const far = end.clone().multiplyScalar(1.22);
      write(ray, [new Vector3(), far]);
      // The plane of the ray and the parent holds both places.
      const along = end.clone().normalize();
      const across = parent.clone().addScaledVector(along, -parent.dot(along));
      if (across.length() < 1e-4) across.set(-along.y, along.x, 0);
      across.normalize();
      const radius = parent.distanceTo(end);
      const circle = Array.from({ length: POINTS + 1 }, (_, i) => {
        const turn = (2 * Math.PI * i) / POINTS;
        return parent
          .clone()
          .addScaledVector(along, radius * Math.cos(turn))
          .addScaledVector(across, radius * Math.sin(turn));
      });
      write(ring, circle);
      ends[0].position.copy(end);
      const second = other && at(other, to);
      ends[1].visible = ghost.visible = second !== undefined;
      if (!second) return;
      ends[1].position.copy(second);
      write(ghost, [parent, second]);
    },
    dispose() {
      for (const { geometry } of [ray, ring, ghost]) geometry.dispose();
      for (const each of [solid, dashed, paint, ball]) each.dispose();
    },
  };
}
