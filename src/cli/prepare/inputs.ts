/** The images of a folder, and what files say of each. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { readHuman36mAnnotations } from '../../data/human36m/annotations.ts';
import type { Human36mSplit } from '../../data/human36m/joints.ts';
import { cameraOf, isCamera, poseOf } from '../../data/image_truth.ts';
import {
  hasPelvis,
  type JointOrder,
  mostConfident,
  type Person,
  peopleOf,
  readPeopleFile,
  yoloPeople,
} from '../../data/people.ts';
import { readNpyArray } from '../../formats/npy.ts';
import type { PrepareItem } from './sample.ts';
import type { LeftOut } from './shards.ts';

/** What sharp reads, and behind it what it may not: that is reported as broken, and not passed over. */
const IMAGES = new Set(
  'jpg jpeg jpe jfif png webp avif gif tif tiff svg heic heif bmp jxl jp2'
    .split(' ')
    .map((ending) => `.${ending}`),
);
const DEPTHS = ['.png', '.tif', '.tiff', '.npy'];

export interface Inputs {
  readonly images: string;
  readonly joints?: string | undefined;
  readonly depth?: string | undefined;
  readonly poses?: string | undefined;
  readonly cameras?: string | undefined;
  readonly order: JointOrder;
  /** Metres that one unit of the poses has. */
  readonly poseUnit: number;
  /** Annotations of Human3.6M, instead of joints, poses and cameras. */
  readonly human36m?: HumanOptions | undefined;
}

export interface HumanOptions {
  readonly folder: string;
  readonly split: Human36mSplit;
  readonly part: 'train' | 'test' | 'both';
  readonly every: number;
}

export interface Found {
  readonly items: readonly PrepareItem[];
  /** Images that show nobody, or too little of somebody. */
  readonly nobody: readonly LeftOut[];
  /** Images of which a file says something that cannot be. */
  readonly broken: readonly LeftOut[];
  /** Images that no file of joints speaks of. */
  readonly unknown: readonly LeftOut[];
}

/** Files of a folder by their path in it, in a fixed order. */
async function filesIn(folder: string, what: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new Error(`there is no folder ${folder}, which ${what} names`);
  });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .map((name) => name.split(sep).join('/'))
    .sort((a, b) => (a < b ? -1 : 1));
}

/**
 * Finds the images and what belongs to them.
 * @throws Error where a folder or file is not there, or cannot be read as a whole
 */
export async function findInputs(inputs: Inputs): Promise<Found> {
  const depths = inputs.depth ? new Set(await filesIn(inputs.depth, '--depth')) : undefined;
  const found = { items: [] as PrepareItem[], nobody: [] as LeftOut[], broken: [] as LeftOut[] };
  const unknown: LeftOut[] = [];
  const add = async (
    name: string,
    about: () => Promise<Omit<PrepareItem, 'name' | 'image' | 'stamp'> | string>,
  ) => {
    try {
      const known = await about();
      if (typeof known === 'string') {
        (known === UNKNOWN ? unknown : found.nobody).push({ name, reason: known });
        return;
      }
      const image = join(inputs.images, name);
      const depth = depths && inputs.depth && depthFor(name, inputs.depth, depths);
      const stamp = (await Promise.all([stampOf(image), depth ? stampOf(depth) : ''])).join(' ');
      found.items.push({ name, image, ...known, stamp, ...(depth && { depth }) });
    } catch (error) {
      found.broken.push({ name, reason: (error as Error).message.replace(/\.$/, '') });
    }
  };
  if (inputs.human36m) {
    const { folder, ...options } = inputs.human36m;
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    for (const image of await readHuman36mAnnotations(read, options)) {
      const { width, height, confidence, pose, camera, take } = image;
      const person: Person = {
        skeleton: 'h36m17',
        pixels: image.joints,
        confidence,
        width,
        height,
      };
      await add(image.name, async () => ({ person, pose, camera, take }));
    }
    return { ...found, unknown };
  }
  const names = await imagesIn(inputs);
  const sources = await openSources(inputs, names);
  for (const name of names) {
    await add(name, async () => {
      const people = await sources.people(name);
      if (people === undefined) return UNKNOWN;
      const person = mostConfident(people);
      if (!person) return 'there is nobody in it';
      if (!hasPelvis(person)) return 'the hips are not seen';
      const [pose, camera] = await Promise.all([sources.pose(name), sources.camera(name)]);
      if (camera !== undefined) cameraOf(camera, { width: 1, height: 1 });
      return { person, ...(pose && { pose }), ...(camera !== undefined && { camera }) };
    });
  }
  return { ...found, unknown };
}

const UNKNOWN = 'there are no joints for it';

async function imagesIn({ images, depth }: Inputs): Promise<string[]> {
  // depth maps may lie in a folder among the images
  const inside = depth && `${relative(resolve(images), resolve(depth)).split(sep).join('/')}/`;
  const names = (await filesIn(images, '--images')).filter(
    (name) => IMAGES.has(extname(name).toLowerCase()) && !(inside && name.startsWith(inside)),
  );
  if (names.length === 0)
    throw new Error(
      `${images} has no images: no file ends in ${[...IMAGES].join(', ')}. Name their folder by --images`,
    );
  return names;
}

const stampOf = async (path: string) => {
  const { size, mtimeMs } = await stat(path).catch(() => {
    throw new Error(`there is no file ${path}`);
  });
  return `${size} ${mtimeMs}`;
};

const stemOf = (name: string) => name.slice(0, name.length - extname(name).length);

function depthFor(name: string, folder: string, files: ReadonlySet<string>): string | undefined {
  const found = DEPTHS.flatMap((ending) => [stemOf(name) + ending, name + ending]).find((file) =>
    files.has(file),
  );
  return found && join(folder, found);
}

interface Sources {
  people(name: string): Promise<readonly Person[] | undefined>;
  pose(name: string): Promise<Float64Array | undefined>;
  camera(name: string): Promise<unknown>;
}

async function openSources(inputs: Inputs, names: readonly string[]): Promise<Sources> {
  const { joints, poses, cameras, order, poseUnit } = inputs;
  if (!joints)
    throw new Error('--joints <folder or file> says where people are in the images; it is missing');
  const twins = twinsOf(names);
  const people = (await isFolder(joints, '--joints'))
    ? await peopleFolder(joints, order)
    : await named(joints, async (text) => {
        const file = readPeopleFile(text, order);
        return async (name: string) => file.find(name, twins.has(basename(name)));
      });
  const pose = await valuesOf(poses, '--poses', { twins, endings: ['.json', '.npy'] });
  const camera = await valuesOf(cameras, '--cameras', {
    twins,
    endings: ['.json'],
    isOne: isCamera,
  });
  return {
    people,
    camera: async (name) => (await camera(name))?.value,
    async pose(name) {
      const found = await pose(name);
      return found && poseOf(found.value, poseUnit, order === 'names' ? 'names' : 'h36m17');
    },
  };
}

/** Names that several images in different folders have: only their whole path tells them apart. */
function twinsOf(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(names.map((name) => basename(name)).filter((n) => seen.has(n) || !seen.add(n)));
}

async function isFolder(path: string, option: string): Promise<boolean> {
  const found = await stat(path).catch(() => {
    throw new Error(`there is no ${path}, which ${option} names`);
  });
  return found.isDirectory();
}

/** Errors of a file name it. */
async function named<T>(path: string, read: (text: string) => T | Promise<T>): Promise<T> {
  const text = await readFile(path, 'utf8');
  try {
    return await read(text);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function peopleFolder(folder: string, order: JointOrder): Promise<Sources['people']> {
  const files = new Set(await filesIn(folder, '--joints'));
  return async (name) => {
    const file = [stemOf(name), name]
      .flatMap((stem) => [`${stem}.json`, `${stem}.txt`])
      .find((path) => files.has(path));
    if (file === undefined) return undefined;
    return named(join(folder, file), (text) =>
      file.endsWith('.txt') ? yoloPeople(text) : peopleOf(JSON.parse(text), order),
    );
  };
}

interface ValueOptions {
  /** Names that only a whole path tells apart. */
  readonly twins: ReadonlySet<string>;
  /** Of files in a folder. */
  readonly endings: readonly string[];
  /** Whether a file holds one value for all. */
  readonly isOne?: (value: unknown) => boolean;
}

/** A value for each image: of one file for all, one file by name, or a folder of files. */
async function valuesOf(
  path: string | undefined,
  option: string,
  { twins, endings, isOne = () => false }: ValueOptions,
): Promise<(name: string) => Promise<{ value: unknown } | undefined>> {
  if (!path) return async () => undefined;
  if (await isFolder(path, option)) {
    const files = new Set(await filesIn(path, option));
    return async (name) => {
      const file = [stemOf(name), name]
        .flatMap((stem) => endings.map((ending) => stem + ending))
        .find((file) => files.has(file));
      return file === undefined ? undefined : { value: await valueIn(join(path, file)) };
    };
  }
  const all = await named(path, (text) => JSON.parse(text) as Record<string, unknown>);
  if (isOne(all)) return async () => ({ value: all });
  return async (name) => {
    const file = basename(name);
    const whole = [name, stemOf(name)];
    const key = (twins.has(file) ? whole : [...whole, file, stemOf(file)]).find((k) =>
      Object.hasOwn(all, k),
    );
    const value = key === undefined ? null : all[key];
    return value === null ? undefined : { value };
  };
}

async function valueIn(path: string): Promise<unknown> {
  if (!path.endsWith('.npy')) return named(path, (text) => JSON.parse(text));
  const { shape, data } = readNpyArray(await readFile(path));
  const [joints, size] = shape.filter((side) => side !== 1);
  if (!joints || size !== 3)
    throw new Error(`${path}: it has the shape [${shape.join(', ')}], not [joints, 3]`);
  return Array.from({ length: joints }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
}
