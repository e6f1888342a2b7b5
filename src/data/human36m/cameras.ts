/** Cameras of Human3.6M, from files: the parameters are not part of this package. */

import type { Camera, Extrinsics } from '../../pose/camera.ts';
import { apply, dot, type Matrix3, scale, transpose, type Vector3 } from '../../pose/linear.ts';
import { fromQuaternion, type Quaternion } from '../../pose/rotation.ts';
import { cameraOf } from '../image_truth.ts';

/** One of the four cameras as it stands for one subject. */
export interface PlacedCamera {
  readonly camera: Camera;
  readonly extrinsics: Extrinsics;
}

/** The cameras of each subject, in the order of the data: `S1`, `S5`, ... */
export type Human36mCameras = ReadonlyMap<string, readonly PlacedCamera[]>;

type Json = Readonly<Record<string, unknown>>;

/** Size of its pictures, where a file does not state it; cameras 1 and 4 have two rows more. */
const SIZE = { width: 1000, height: 1000 };

/**
 * Reads cameras from JSON: by subject, a list or an object of four cameras, each with its intrinsics as
 * `cameraOf` takes them and its place as one of
 *
 *     { orientation: [w, x, y, z], translation: [mm] }   VideoPose3D: camera to world, the camera's place
 *     { R: 3 x 3, t: [mm] }                              RootNet: X_camera = R X_world + t
 *     { R: 3 x 3, T: [mm] }                              X_camera = R (X_world - T)
 *
 * A file of one subject (`Human36M_subject1_camera.json`) is read by `subjectCameras`.
 */
export function readHuman36mCameras(json: string): Human36mCameras {
  const file = parse(json);
  return new Map(
    Object.entries(file).map(([subject, cameras]) => [subject, subjectCameras(cameras, subject)]),
  );
}

/** The cameras of one subject. @throws Error naming subject and camera */
export function subjectCameras(cameras: unknown, subject: string): PlacedCamera[] {
  if (typeof cameras !== 'object' || cameras === null)
    throw new Error(`cameras: ${subject} has no list of cameras.`);
  // "1" to "4" in an object come in this order
  return Object.entries(cameras).map(([key, camera]) => {
    try {
      return { camera: cameraOf(camera, SIZE), extrinsics: extrinsicsOf(camera as Json) };
    } catch (error) {
      throw new Error(`cameras: ${subject}, camera ${key}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  });
}

function extrinsicsOf({ orientation, translation, R, t, T }: Json): Extrinsics {
  if (orientation !== undefined) {
    const q = numbers(orientation, 4, 'orientation') as unknown as Quaternion;
    const length = Math.hypot(...q);
    if (Math.abs(length - 1) > 1e-3)
      throw new Error(
        `orientation has length ${length.toFixed(3)}; a quaternion (w, x, y, z) has 1.`,
      );
    const unit = q.map((v) => v / length) as unknown as Quaternion;
    const position = metres(translation, 'translation');
    return { rotation: transpose(fromQuaternion(unit)), position };
  }
  const rotation = checkedRotation(numbers(R, 9, 'R'));
  if (T !== undefined) return { rotation, position: metres(T, 'T') };
  // X_camera = R X_world + t puts the camera at -R^T t
  return { rotation, position: scale(apply(transpose(rotation), metres(t, 't')), -1) };
}

function metres(value: unknown, name: string): Vector3 {
  const [x, y, z] = numbers(value, 3, name);
  return [x! / 1000, y! / 1000, z! / 1000];
}

function numbers(value: unknown, count: number, name: string): number[] {
  const list = Array.isArray(value) ? value.flat(2) : [];
  if (list.length !== count || !list.every(Number.isFinite))
    throw new Error(`${name} must be ${count} numbers.`);
  return list;
}

function checkedRotation(numbers: readonly number[]): Matrix3 {
  const row = (i: number) => numbers.slice(3 * i, 3 * i + 3) as unknown as Vector3;
  for (let i = 0; i < 3; i++)
    for (let j = 0; j <= i; j++)
      if (Math.abs(dot(row(i), row(j)) - (i === j ? 1 : 0)) > 1e-3)
        throw new Error('R is no rotation: its rows are not perpendicular, or not of length 1.');
  return numbers as unknown as Matrix3;
}

function parse(json: string): Json {
  try {
    const file = JSON.parse(json);
    if (typeof file === 'object' && file !== null) return file;
  } catch {}
  throw new Error('cameras: expected a JSON object of the cameras by subject, { "S1": [...] }.');
}
