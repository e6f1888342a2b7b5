/**
 * A lifted person as a binary glTF 2.0 file: a node for each joint, by its name, below the pelvis,
 * with limbs and balls as meshes.
 */

import { BONES, JOINTS } from 'kinegrad';
import { type BufferGeometry, CylinderGeometry, Quaternion, SphereGeometry, Vector3 } from 'three';
import { grounded } from './grounded.ts';
import { BALLS, thicknessOf } from './person.ts';

/** Linear RGB of Okabe and Ito's blue and vermilion, and a grey. */
const MATERIALS = {
  left: [0, 0.168, 0.445],
  right: [0.665, 0.112, 0],
  middle: [0.203, 0.25, 0.296],
} as const;
const SIDES = Object.keys(MATERIALS) as (keyof typeof MATERIALS)[];

/** Numbers that the format gives to things. */
const FLOAT = 5126;
const UNSIGNED_SHORT = 5123;
const VERTICES = 34962;
const INDICES = 34963;

/** @param pose [17 * 3] metres in the camera's frame; y is up in the file, feet on the ground */
export function writeGlb(pose: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const at = grounded(pose);
  const points = JOINTS.map((_, i) => new Vector3(at[3 * i]!, at[3 * i + 1]!, at[3 * i + 2]!));
  const data = collector();
  const nodes: Record<string, unknown>[] = JOINTS.map((name) => ({ name, children: [] }));
  const addMesh = (joint: number, name: string, geometry: BufferGeometry, side: string) => {
    const mesh = data.mesh(name, geometry, SIDES.indexOf(side as keyof typeof MATERIALS));
    const node: Record<string, unknown> = { name, mesh };
    (nodes[joint]!.children as number[]).push(nodes.push(node) - 1);
    return node;
  };
  nodes[0]!.translation = points[0]!.toArray();
  addMesh(0, 'pelvisJoint', new SphereGeometry(BALLS[0]!, 18, 12), 'middle');
  for (const { name, from, to, side } of BONES) {
    const along = points[to]!.clone().sub(points[from]!);
    nodes[to]!.translation = along.toArray();
    (nodes[from]!.children as number[]).push(to);
    addMesh(to, `${JOINTS[to]}Joint`, new SphereGeometry(BALLS[to]!, 18, 12), side);
    const [near, far] = thicknessOf(name);
    const limb = addMesh(
      from,
      `${name}Limb`,
      new CylinderGeometry(far, near, along.length(), 16),
      side,
    );
    limb.translation = along.clone().multiplyScalar(0.5).toArray();
    limb.rotation = new Quaternion()
      .setFromUnitVectors(new Vector3(0, 1, 0), along.normalize())
      .toArray();
  }
  for (const node of nodes)
    if ((node.children as number[] | undefined)?.length === 0) delete node.children;
  const { bytes, ...parts } = data.end();
  return container(
    {
      asset: { version: '2.0', generator: 'Kinegrad' },
      scene: 0,
      scenes: [{ name: 'person', nodes: [0] }],
      nodes,
      materials: SIDES.map((name) => ({
        name,
        pbrMetallicRoughness: {
          baseColorFactor: [...MATERIALS[name], 1],
          metallicFactor: 0,
          roughnessFactor: 0.7,
        },
      })),
      ...parts,
      buffers: [{ byteLength: bytes.byteLength }],
    },
    bytes,
  );
}

/** Collects the numbers of geometries into one buffer, and describes them as glTF wants it. */
function collector() {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  const meshes: object[] = [];
  const add = (values: Float32Array | Uint16Array, type: 'VEC3' | 'SCALAR', target: number) => {
    const bytes = new Uint8Array(padded(values.byteLength));
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const view =
      bufferViews.push({ buffer: 0, byteOffset: length, byteLength: values.byteLength, target }) -
      1;
    length += bytes.length;
    chunks.push(bytes);
    const componentType = values instanceof Float32Array ? FLOAT : UNSIGNED_SHORT;
    const count = type === 'VEC3' ? values.length / 3 : values.length;
    return accessors.push({ bufferView: view, componentType, count, type }) - 1;
  };
  return {
    /** @returns the mesh's index */
    mesh(name: string, geometry: BufferGeometry, material: number): number {
      const values = (attribute: string) =>
        Float32Array.from(geometry.getAttribute(attribute).array);
      const position = add(values('position'), 'VEC3', VERTICES);
      geometry.computeBoundingBox();
      const { min, max } = geometry.boundingBox!;
      // The format asks for the bounds of positions.
      Object.assign(accessors[position]!, { min: min.toArray(), max: max.toArray() });
      const NORMAL = add(values('normal'), 'VEC3', VERTICES);
      const indices = add(Uint16Array.from(geometry.index!.array), 'SCALAR', INDICES);
      const primitive = { attributes: { POSITION: position, NORMAL }, indices, material };
      return meshes.push({ name, primitives: [primitive] }) - 1;
    },
    end() {
      const bytes = new Uint8Array(length);
      let offset = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, offset);
        offset += chunk.length;
      }
      return { bytes, bufferViews, accessors, meshes };
    },
  };
}

const padded = (length: number) => Math.ceil(length / 4) * 4;

/** The header, and a chunk each of JSON, filled up with spaces, and of numbers. */
function container(json: object, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(json));
  const textLength = padded(text.length);
  const file = new Uint8Array(12 + 8 + textLength + 8 + bytes.length);
  const view = new DataView(file.buffer);
  const words = (offset: number, ...values: number[]) =>
    values.forEach((value, i) => view.setUint32(offset + 4 * i, value, true));
  words(0, 0x46546c67, 2, file.length);
  words(12, textLength, 0x4e4f534a);
  file.fill(32, 20, 20 + textLength);
  file.set(text, 20);
  words(20 + textLength, bytes.length, 0x004e4942);
  file.set(bytes, 28 + textLength);
  return file;
}
