/** People in images, as detectors and annotators write them. */

import { convertPose, derivations } from '../pose/convert.ts';
import { canonicalJointName, JOINT_SETS, type JointSetName } from '../pose/joint_sets.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { type ImageJoints, jointsOf } from './joints.ts';

/** One person of an image. */
export interface Person extends ImageJoints {
  /** How sure the detector is that this is a person, where it says so. */
  readonly score?: number;
  /** Coordinates are shares of the image's width and height, not pixels. */
  readonly normalised?: boolean;
}

/** Which skeleton an array of joints has whose file does not say; `names` refuses arrays. */
export type JointOrder = JointSetName | 'names';

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The person that is meant where an image has several: the one with the highest score, or, where
 * there are no scores, whose joints have the most confidence, or who is largest.
 */
export function mostConfident(people: readonly Person[]): Person | undefined {
  const scored = people.some(({ score }) => score !== undefined);
  const rank = (person: Person) => [
    scored ? (person.score ?? 0) : 0,
    person.confidence.reduce((sum, c) => sum + c, 0),
    area(person),
  ];
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .sort((a, b) => a.rank.reduce((d, value, i) => d || b.rank[i]! - value, 0))[0]?.person;
}

function area({ pixels }: Person): number {
  const side = (axis: number) => {
    const values = pixels.filter((v, i) => i % 2 === axis && !Number.isNaN(v));
    return Math.max(...values) - Math.min(...values);
  };
  return side(0) * side(1) || 0;
}

/**
 * The joints of Human3.6M's skeleton: NaN and 0 for those that cannot be made. A joint that is made
 * of several is as sure as the least of them.
 */
export function human36mJoints({ skeleton, pixels, confidence }: ImageJoints): {
  readonly joints: Float64Array;
  readonly confidence: Float64Array;
} {
  const { points, joints } = convertPose(skeleton, 'h36m17', pixels, 2);
  const names: readonly string[] = JOINT_SETS[skeleton];
  const sure = joints.map(({ kind, weights }) =>
    kind === 'missing'
      ? 0
      : Math.min(...Object.keys(weights).map((name) => confidence[names.indexOf(name)]!)),
  );
  return { joints: points, confidence: Float64Array.from(sure) };
}

/**
 * The people that a value of a JSON file describes: one, as `readJoints` takes it, or a list; each
 * may be an annotation or a detection in COCO's form.
 * @throws Error in one sentence where it is neither
 */
export function peopleOf(value: unknown, order: JointOrder = 'coco17'): Person[] {
  if (value === null) return [];
  if (isRecord(value) && Array.isArray(value.people)) return peopleOf(value.people, order);
  if (
    Array.isArray(value) &&
    (value.length === 0 || value.every((v) => isRecord(v) || isJoints(v)))
  )
    return value.flatMap((one) => peopleOf(one, order));
  if (isRecord(value) && 'keypoints' in value) return annotated(value, order);
  const named = isRecord(value) && !Array.isArray(value.joints);
  const stated = isRecord(value) && value.skeleton !== undefined;
  if (!named && !stated && order === 'names')
    throw new Error(
      'joints: an array of joints has no names. State its order by --joint-order, or its skeleton in the file.',
    );
  const joints = isRecord(value) && 'joints' in value ? value : { joints: value };
  const given = named || stated ? joints : { skeleton: order, ...joints };
  return [withScore(jointsOf(given), value)].filter(isSomebody);
}

/** A list of at least two joints [x, y], rather than one joint. */
const isJoints = (value: unknown) =>
  Array.isArray(value) && value.length > 3 && value.some((v) => Array.isArray(v));

const isSomebody = ({ confidence, pixels }: Person) =>
  pixels.some((v) => !Number.isNaN(v)) && confidence.some((c) => c > 0);

function withScore(person: ImageJoints, value: unknown): Person {
  const score = isRecord(value) ? (value.score ?? value.bbox_score) : undefined;
  const number = Array.isArray(score) ? score[0] : score;
  return typeof number === 'number' && Number.isFinite(number)
    ? { ...person, score: number }
    : person;
}

/** COCO's `keypoints`: x, y and visibility or confidence of each joint in one list. */
function annotated(annotation: Json, order: JointOrder, names?: readonly string[]): Person[] {
  const { keypoints, iscrowd } = annotation;
  if (iscrowd === 1) return [];
  const skeleton = order === 'names' ? 'coco17' : order;
  const list: readonly string[] = names ?? JOINT_SETS[skeleton];
  if (
    !Array.isArray(keypoints) ||
    !keypoints.flat().every((v) => typeof v === 'number' && Number.isFinite(v))
  )
    throw new Error('joints: the keypoints of an annotation must be a list of finite numbers.');
  const numbers = keypoints.flat() as number[];
  const size = numbers.length / list.length;
  if (size !== 2 && size !== 3)
    throw new Error(
      `joints: an annotation has ${numbers.length} keypoint numbers; ${names ? 'its category' : skeleton} has ${list.length} joints of 2 or 3 numbers.`,
    );
  const thirds = list.map((_, i) => (size === 3 ? numbers[3 * i + 2]! : 1));
  const confidence = confidenceOf(thirds);
  const named = list.map((name, i): [string, (number | null)[] | null] => [
    name,
    confidence[i]! > 0 ? [numbers[size * i]!, numbers[size * i + 1]!, confidence[i]!] : null,
  ]);
  if (named.every(([, joint]) => joint === null)) return [];
  const joints = Object.fromEntries(named);
  return [withScore(jointsOf(names ? { joints } : { skeleton, joints }), annotation)];
}

/**
 * COCO's flags (0 not labelled, 1 labelled but hidden, 2 visible) as 0, 0.5 and 1; confidences as
 * they are, those that a network puts above 1 as 1.
 */
function confidenceOf(thirds: readonly number[]): number[] {
  const flags = thirds.includes(2) && thirds.every((v) => v === 0 || v === 1 || v === 2);
  return thirds.map((v) => (flags ? v / 2 : Math.min(1, Math.max(0, v))));
}

/**
 * The people of one image in a label file of YOLO: lines of class, box (4 numbers) and 17 joints, as
 * shares of the image's size. Joints may have a third number, and a confidence and a track may end
 * the line.
 */
export function yoloPeople(text: string): Person[] {
  const { length } = JOINT_SETS.coco17;
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const numbers = line.trim().split(/\s+/).map(Number);
    const size = numbers.length >= 5 + 3 * length ? 3 : 2;
    const rest = numbers.length - 5 - size * length;
    if (!numbers.every(Number.isFinite) || rest < 0 || rest > 2)
      throw new Error(
        `joints: line ${i + 1} has ${numbers.length} values; a person in a YOLO label has 5 + 17 x 2 or 5 + 17 x 3 numbers, a confidence and a track after them if there are any.`,
      );
    const keypoints = numbers.slice(5, 5 + size * length);
    const beyond = keypoints.find((v, k) => (size === 2 || k % 3 < 2) && (v < -1 || v > 2));
    if (beyond !== undefined)
      throw new Error(
        `joints: line ${i + 1} has the coordinate ${beyond}; those of YOLO labels are shares of the image's size, 0 to 1.`,
      );
    if (size === 2)
      // a detector without visibility puts what it did not find at the corner
      for (let k = 0; k < length; k++)
        keypoints.splice(3 * k + 2, 0, keypoints[3 * k] || keypoints[3 * k + 1] ? 1 : 0);
    const score = rest > 0 ? { score: numbers[5 + size * length]! } : {};
    return annotated({ keypoints, ...score }, 'coco17').map((p) => ({ ...p, normalised: true }));
  });
}

/** The people of many images. */
export interface PeopleFile {
  /**
   * Those of an image; none where the file says that there are none, undefined where it does not
   * speak of the image.
   * @param name its path in its folder
   * @param pathOnly another image has the same name, in another folder
   */
  find(name: string, pathOnly?: boolean): readonly Person[] | undefined;
}

/**
 * Reads a JSON file with the people of many images: an object by image name, a list of COCO's
 * detections (`[{ image_id, keypoints, score }]`), or a whole COCO file (`{ images, annotations }`).
 * An image is found by its path, its name with or without extension, and its number.
 * @throws Error where it is none of these
 */
export function readPeopleFile(json: string, order: JointOrder = 'coco17'): PeopleFile {
  const file = parse(json);
  const people = Array.isArray(file)
    ? detections(file, order)
    : isRecord(file) && Array.isArray(file.annotations)
      ? cocoFile(file, order)
      : byName(file, order);
  return {
    find(name, pathOnly = false) {
      const base = name.replace(/^.*[/\\]/, '');
      const stem = base.replace(/\.[^.]*$/, '');
      const number = /^\d+$/.test(stem) ? [`${Number(stem)}`] : [];
      const path = [name, name.replace(/\.[^./]*$/, '')];
      const key = [...path, ...(pathOnly ? [] : [base, stem, ...number])].find((k) =>
        people.has(k),
      );
      return key === undefined ? undefined : people.get(key)!();
    },
  };
}

type Found = Map<string, () => readonly Person[]>;

function detections(list: readonly unknown[], order: JointOrder): Found {
  const found = new Map<string, Json[]>();
  for (const [i, entry] of list.entries()) {
    if (!isRecord(entry) || !('image_id' in entry || 'image' in entry))
      throw new Error(
        `joints: entry ${i} of the list has no image_id; for a list of people give one file an image.`,
      );
    const key = `${entry.image_id ?? entry.image}`;
    found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return new Map([...found].map(([key, some]) => [key, () => peopleOf(some, order)]));
}

function cocoFile(file: Json, order: JointOrder): Found {
  const records = (key: string) =>
    (Array.isArray(file[key]) ? file[key] : []).filter(isRecord) as Json[];
  const names = new Map(
    records('categories').flatMap(({ id, keypoints }) =>
      Array.isArray(keypoints)
        ? [[id, keypoints.map((n) => canonicalJointName(`${n}`))] as const]
        : [],
    ),
  );
  const byImage = new Map<unknown, Json[]>();
  for (const annotation of records('annotations')) {
    const { image_id } = annotation;
    if (!byImage.has(image_id)) byImage.set(image_id, []);
    byImage.get(image_id)!.push(annotation);
  }
  const images = records('images');
  const entry = ({ id, file_name, width, height }: Json): [string, () => readonly Person[]] => [
    `${file_name ?? id}`,
    () =>
      (byImage.get(id) ?? []).flatMap((annotation) =>
        'keypoints' in annotation
          ? annotated(annotation, order, names.get(annotation.category_id)).map((person) => ({
              ...person,
              ...(typeof width === 'number' && typeof height === 'number' && { width, height }),
            }))
          : [],
      ),
  ];
  return new Map((images.length ? images : [...byImage.keys()].map((id) => ({ id }))).map(entry));
}

function byName(file: unknown, order: JointOrder): Found {
  if (!isRecord(file))
    throw new Error('joints: expected an object by image name, or a list or file in COCO form.');
  const entries = Object.entries(file).filter(
    ([, value]) => value === null || isRecord(value) || Array.isArray(value),
  );
  return new Map(entries.map(([name, value]) => [name, () => peopleOf(value, order)]));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`joints: the file is not JSON: ${(error as Error).message}.`);
  }
}

/** Whether the pelvis can be made of the joints that are there. */
export const hasPelvis = ({ skeleton, pixels }: ImageJoints): boolean => {
  const names: readonly string[] = JOINT_SETS[skeleton];
  const there = names.filter((_, i) => !Number.isNaN(pixels[2 * i]!));
  return (
    derivations(skeleton, 'h36m17', there).length === JOINT_COUNT &&
    derivations(skeleton, 'h36m17', there)[0]!.kind !== 'missing'
  );
};
