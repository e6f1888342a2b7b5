/** Rendered people: what a picture shows, each a pure function of (seed, split, index). */

import type { Camera, Extrinsics } from '../../pose/camera.ts';
import type { Vector3 } from '../../pose/linear.ts';
import { JOINT_COUNT, type PixelPose, type Pose3d } from '../../pose/skeleton.ts';
import { sampleCamera } from '../body/camera.ts';
import {
  DETECTION_NOISE,
  type Detection,
  type DetectionNoise,
  sampleDetection,
} from '../body/detection.ts';
import type { FamilyName } from '../body/families.ts';
import type { Body } from '../body/kinematics.ts';
import { samplePose } from '../body/sample.ts';
import { STREAM } from '../body/streams.ts';
import { type Random, randomAt } from '../random.ts';
import { figureCones } from './figure.ts';
import { MOST_CONES } from './layout.ts';
import { plain, sampleLook } from './look.ts';
import { packScenes } from './pack.ts';
import { type Room, sampleRoom } from './room.ts';
import { type Box, MATERIAL, type Material, type MaterialName, type RoundCone } from './shapes.ts';
import { sampleThings } from './things.ts';
import { visibleJoints } from './visibility.ts';

export const SCENE_SPLITS = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SCENE_SPLITS)[number];

export interface SceneKey {
  /** Whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Splits share no person, no pose, no camera and no room. */
  readonly split: SplitName;
  /** Whole number below 2^32; any order, each alone. */
  readonly index: number;
}

export interface SceneOptions {
  /** Only this family of poses; by default all, by their weights. */
  readonly family?: FamilyName;
  /** The most things that stand between camera and person, 2 by default. */
  readonly occluders?: number;
  /** Errors of the 2D joints, those of a usual detector by default. */
  readonly noise?: DetectionNoise;
  /** Errors of the depth, none by default: metric truth. */
  readonly depthError?: DepthError;
  /** Whether the camera's sensor has noise, true by default. */
  readonly sensorNoise?: boolean;
}

/** How a network that guesses depth from one picture is wrong. */
export interface DepthError {
  /** Deviation of the logarithm of a factor on all depths: 0.06 is usual. */
  readonly scale: number;
  /** Deviation of a factor that changes slowly over the picture: 0.02 is usual. */
  readonly bias: number;
}

/** What a network such as Depth Pro gets wrong on people in rooms. */
export const DEPTH_ERROR: DepthError = { scale: 0.06, bias: 0.02 };

export interface Sensor {
  readonly exposure: number;
  /** Variance of the noise, in linear light: shot * value + read². */
  readonly shot: number;
  readonly read: number;
  /** Two keys of its random numbers, whole numbers below 2^24. */
  readonly keys: readonly [number, number];
}

/** Depth as it is given: true depth * scale * (1 + the sum of the waves over the picture). */
export interface DepthDistortion {
  readonly scale: number;
  /** Cycles to a unit of x/z and y/z of the camera, phase in cycles, amplitude. */
  readonly waves: readonly (readonly [x: number, y: number, phase: number, amplitude: number])[];
  /** Beyond this depth, in metres, nothing is known and it is 0. */
  readonly reach: number;
}

export interface Scene extends SceneKey {
  readonly camera: Camera;
  readonly extrinsics: Extrinsics;
  /** [17 * 3], metres, the camera's frame. */
  readonly pose3d: Pose3d;
  /** [17 * 2], pixels of the camera, without noise. */
  readonly pixels: PixelPose;
  /** [17], 1 where a joint is in the picture and nothing but its own flesh is before it. */
  readonly visible: Uint8Array;
  /** The joints as a detector reports them; those that are hidden are found worse. */
  readonly detection: Detection;
  readonly family: FamilyName;
  readonly body: Body;
  readonly cones: readonly RoundCone[];
  readonly boxes: readonly Box[];
  /** In the order of `MATERIAL`. */
  readonly materials: readonly Material[];
  readonly room: Room;
  readonly sensor: Sensor;
  readonly depth: DepthDistortion;
}

/** Depth maps are known up to here, metres. */
const REACH = 25;

/** Families that sit on something. */
const SEATED: ReadonlySet<FamilyName> = new Set<FamilyName>(['sitChair']);

/**
 * The scene of a key: a person with flesh, hair and clothes, in a room or outdoors, seen by a camera
 * that stands on the same floor.
 */
export function sceneOf(key: SceneKey & SceneOptions): Scene {
  const { seed, split, index, family, occluders = 2, noise = DETECTION_NOISE } = key;
  const own = seedOf(seed, split);
  const posed = samplePose(own, index, family === undefined ? {} : { family });
  const { camera, extrinsics, pose3d, pixels } = seen(own, index, posed.joints, posed.height);
  const look = sampleLook(randomAt(own, STREAM.look, index), posed.height);
  const figure = figureCones(posed.body, look);
  const top = Math.max(...posed.joints.filter((_, i) => i % 3 === 1));
  const room = sampleRoom(randomAt(own, STREAM.room, index), extrinsics.position, top + 0.2);
  const random = randomAt(own, STREAM.things, index);
  const about = {
    joints: posed.joints,
    camera: extrinsics.position,
    room,
    freeCones: MOST_CONES - figure.length,
  };
  const wanted = random.chance(0.5) ? 1 + random.int(occluders) : 0;
  const sensor = sampleSensor(randomAt(own, STREAM.sensor, index), key.sensorNoise ?? true);
  const depth = sampleDepth(randomAt(own, STREAM.sensor, index, 1), key.depthError);
  const seated = SEATED.has(posed.family);
  // where too little of the person is left to see, the things in front go away
  for (let count = Math.min(wanted, occluders); ; count = 0) {
    const things = sampleThings(random, about, { occluders: count, seated });
    const scene = {
      ...{ seed, split, index, camera, extrinsics, pose3d, pixels },
      ...{ family: posed.family, body: posed.body, room, sensor, depth },
      cones: [...figure, ...things.cones],
      boxes: things.boxes,
      materials: palette(look.materials, room.materials, things.materials),
    };
    const visible = visibleJoints(packScenes([scene]), scene);
    const shown = visible.reduce((sum, v) => sum + v, 0);
    if (shown < 9 && count > 0) continue;
    const found = sampleDetection(own, index, pixels, noise);
    return { ...scene, visible, detection: worse(found, visible, noise, own, index) };
  }
}

/** The seed of a split of a seed. */
function seedOf(seed: number, split: SplitName): number {
  const which = SCENE_SPLITS.indexOf(split);
  if (which < 0)
    throw new Error(`sceneOf: the split '${split}' is none of ${SCENE_SPLITS.join(', ')}.`);
  const random = randomAt(seed, STREAM.split, which);
  return random.bits() * 2 ** 20 + (random.bits() >>> 12);
}

/** A camera above the floor. */
function seen(seed: number, index: number, joints: Pose3d, height: number) {
  for (let attempt = 0; ; attempt++) {
    const sampled = sampleCamera(seed + attempt, index, joints, height);
    if (sampled.extrinsics.position[1] > 0.2) return sampled;
    if (attempt === 200)
      throw new Error(`sceneOf: no camera above the floor was found for scene ${index}.`);
  }
}

function sampleSensor(random: Random, noisy: boolean): Sensor {
  const exposure = 1.25 * Math.exp(random.truncatedNormal(0, 0.2, -0.5, 0.4));
  const gain = noisy ? random.uniform() ** 2 : 0;
  return {
    exposure,
    shot: 0.0022 * gain,
    read: 0.007 * gain,
    keys: [random.bits() >>> 8, random.bits() >>> 8],
  };
}

function sampleDepth(random: Random, error: DepthError | undefined): DepthDistortion {
  const { scale = 0, bias = 0 } = error ?? {};
  return {
    scale: Math.exp(scale * random.truncatedNormal(0, 1, -3, 3)),
    waves: [0, 1, 2].map(() => [
      random.uniform(-1.2, 1.2),
      random.uniform(-1.2, 1.2),
      random.uniform(),
      // three waves of these amplitudes have the variance bias²
      bias * Math.sqrt(2 / 3) * random.uniform(0.6, 1.4),
    ]),
    reach: REACH,
  };
}

/** The materials in the order of the row. */
function palette(...given: Readonly<Partial<Record<MaterialName, Material>>>[]): Material[] {
  const all = Object.assign({}, ...given) as Partial<Record<MaterialName, Material>>;
  return (Object.keys(MATERIAL) as MaterialName[]).map((name) => all[name] ?? plain(GREY));
}
const GREY: Vector3 = [0.5, 0.5, 0.5];

/** A detector guesses hidden joints from the others, and knows that it does. */
function worse(
  { pixels, confidence }: Detection,
  visible: Uint8Array,
  { sigma }: DetectionNoise,
  seed: number,
  index: number,
): Detection {
  const random = randomAt(seed, STREAM.hidden, index);
  const x = pixels.filter((value, i) => i % 2 === 0 && !Number.isNaN(value));
  const y = pixels.filter((value, i) => i % 2 === 1 && !Number.isNaN(value));
  const box = Math.max(Math.max(...x) - Math.min(...x), Math.max(...y) - Math.min(...y));
  for (let j = 0; j < JOINT_COUNT; j++) {
    const [dx, dy] = [random.normal(), random.normal()];
    if (visible[j]) continue;
    pixels[2 * j]! += 1.5 * sigma * box * dx;
    pixels[2 * j + 1]! += 1.5 * sigma * box * dy;
    confidence[j]! *= 0.7;
  }
  return { pixels, confidence };
}
