import type { Vector3 } from '../pose/linear.ts';
import { MocapError, numberFrom, wordLines } from './mocap.ts';

/** Turns that a bone may take: `rx` about the X axis of its own frame, and so on. */
export type AsfFreedom = 'rx' | 'ry' | 'rz';

export interface AsfBone {
  readonly name: string;
  /** Unit vector from its start to its end in the rest pose, world frame. */
  readonly direction: Vector3;
  /** In the file's units. */
  readonly length: number;
  /**
   * The bone's own frame in the rest pose: turns about fixed axes, radians, the first one first.
   */
  readonly axis: readonly (readonly ['X' | 'Y' | 'Z', number])[];
  readonly freedoms: readonly AsfFreedom[];
  /** Lowest and highest angle of each freedom, radians; empty where the file states none. */
  readonly limits: readonly (readonly [number, number])[];
  /** Index of the parent among the bones, which comes before; -1 where it hangs from the root. */
  readonly parent: number;
}

/** A skeleton of Acclaim's ASF format. */
export interface Asf {
  readonly metresPerUnit: number;
  /** Radians in one unit of the file's angles. */
  readonly angleUnit: number;
  readonly root: {
    /** Meaning of the root's values in a motion file. */
    readonly order: readonly string[];
    readonly position: Vector3;
    readonly orientation: readonly (readonly ['X' | 'Y' | 'Z', number])[];
  };
  /** Parents before their children. */
  readonly bones: readonly AsfBone[];
}

const ROOT_VALUES = ['TX', 'TY', 'TZ', 'RX', 'RY', 'RZ'];

type Line = { line: number; words: string[] };
type Draft = { -readonly [key in keyof AsfBone]?: AsfBone[key] } & { line: number };

/**
 * Reads an ASF skeleton. Lengths are inches divided by the `length` of `:units` (CMU's reading of
 * it).
 * @throws MocapError with the line and the reason
 */
export function parseAsf(text: string): Asf {
  const sections = splitSections(text);
  const section = (name: string): Line[] => {
    const lines = sections.get(name);
    if (!lines) throw new MocapError(1, `the skeleton has no section :${name}.`);
    return lines;
  };
  const units = new Map(section('units').map((l) => [l.words[0]!, l]));
  const unit = units.get('length');
  const perInch = unit ? numberFrom(unit.words[1], unit.line, 'length') : 1;
  if (!(perInch > 0)) throw new MocapError(unit!.line, `length ${perInch} is not above zero.`);
  const angle = units.get('angle')?.words[1] ?? 'deg';
  if (angle !== 'deg' && angle !== 'rad')
    throw new MocapError(units.get('angle')!.line, `angle '${angle}' is neither deg nor rad.`);
  const angleUnit = angle === 'deg' ? Math.PI / 180 : 1;
  const drafts = parseBones(section('bonedata'), angleUnit);
  return {
    metresPerUnit: 0.0254 / perInch,
    angleUnit,
    root: parseRoot(section('root'), angleUnit),
    bones: orderBones(drafts, section('hierarchy')),
  };
}

function splitSections(text: string): Map<string, Line[]> {
  const sections = new Map<string, Line[]>();
  let current: Line[] | undefined;
  for (const { line, words } of wordLines(text, '#')) {
    if (words[0]!.startsWith(':')) {
      const name = words[0]!.slice(1);
      if (sections.has(name)) throw new MocapError(line, `there are two sections :${name}.`);
      current = [];
      sections.set(name, current);
    } else if (current) current.push({ line, words });
    else throw new MocapError(line, `'${words[0]}' stands before the first section.`);
  }
  return sections;
}

function parseRoot(lines: Line[], angleUnit: number): Asf['root'] {
  let order = ROOT_VALUES;
  let axes = 'XYZ';
  let position: Vector3 = [0, 0, 0];
  let orientation: Vector3 = [0, 0, 0];
  let axisLine = 1;
  for (const { line, words } of lines) {
    const [key, ...rest] = words;
    if (key === 'order') {
      order = rest.map((word) => word.toUpperCase());
      if ([...order].sort().join() !== [...ROOT_VALUES].sort().join())
        throw new MocapError(line, `order must name each of ${ROOT_VALUES.join(' ')} once.`);
    } else if (key === 'axis') {
      axes = rest[0] ?? '';
      axisLine = line;
    } else if (key === 'position') position = vector(rest, line, 'position');
    else if (key === 'orientation') orientation = vector(rest, line, 'orientation');
    else throw new MocapError(line, `:root knows no '${key}'.`);
  }
  return { order, position, orientation: turns(orientation, axes, angleUnit, axisLine) };
}

function parseBones(lines: Line[], angleUnit: number): Map<string, Draft> {
  const bones = new Map<string, Draft>();
  let bone: Draft | undefined;
  for (const { line, words } of lines) {
    const [key, ...rest] = words;
    if (key === 'begin' && !bone) bone = { line };
    else if (!bone) throw new MocapError(line, `'${key}' stands outside begin and end.`);
    else if (key === 'end') {
      finishBone(bone, line);
      if (bones.has(bone.name!)) throw new MocapError(line, `there are two bones '${bone.name}'.`);
      bones.set(bone.name!, bone);
      bone = undefined;
    } else readBoneLine(bone, line, words, rest, angleUnit);
  }
  if (bone) throw new MocapError(bone.line, 'the bone that begins here has no end.');
  return bones;
}

function readBoneLine(bone: Draft, line: number, words: string[], rest: string[], unit: number) {
  const [key] = words;
  if (key === 'name') {
    if (!rest[0] || rest[0] === 'root') throw new MocapError(line, 'a bone needs its own name.');
    bone.name = rest[0];
  } else if (key === 'direction') {
    const [x, y, z] = vector(rest, line, 'direction');
    const size = Math.hypot(x, y, z);
    if (!(size > 0)) throw new MocapError(line, 'direction has no length.');
    bone.direction = [x / size, y / size, z / size];
  } else if (key === 'length') {
    bone.length = numberFrom(rest[0], line, 'length');
    if (bone.length < 0) throw new MocapError(line, `length ${bone.length} is below zero.`);
  } else if (key === 'axis') {
    bone.axis = turns(vector(rest.slice(0, 3), line, 'axis'), rest[3] ?? '', unit, line);
  } else if (key === 'dof') {
    const unknown = rest.find((word) => !['rx', 'ry', 'rz'].includes(word.toLowerCase()));
    if (unknown) throw new MocapError(line, `the freedom '${unknown}' is not one of rx, ry, rz.`);
    bone.freedoms = rest.map((word) => word.toLowerCase() as AsfFreedom);
  } else if (key === 'limits' || key!.startsWith('(')) {
    const pair = words.join(' ').replace(/^limits/, '');
    const [low, high] = pair
      .replace(/[()]/g, ' ')
      .trim()
      .split(/[\s,]+/);
    const bound = (word: string | undefined) =>
      /^[+-]?inf$/i.test(word ?? '')
        ? Number.POSITIVE_INFINITY * (word!.startsWith('-') ? -1 : 1)
        : numberFrom(word, line, 'a limit') * unit;
    bone.limits = [...(bone.limits ?? []), [bound(low), bound(high)]];
  } else if (key !== 'id' && key !== 'bodymass' && key !== 'cofmass') {
    throw new MocapError(line, `a bone knows no '${key}'.`);
  }
}

function finishBone(bone: Draft, line: number): void {
  const missing = (['name', 'direction', 'length', 'axis'] as const).filter((k) => bone[k] == null);
  if (missing.length > 0) throw new MocapError(line, `the bone has no ${missing.join(', ')}.`);
  bone.freedoms ??= [];
  bone.limits ??= [];
  if (bone.limits.length > 0 && bone.limits.length !== bone.freedoms.length)
    throw new MocapError(
      line,
      `'${bone.name}' has ${bone.limits.length} limits for ${bone.freedoms.length} freedoms.`,
    );
}

/**
 * The bones with their parents, parents first, from lines of `parent child child ...` that begin at
 * the root.
 */
function orderBones(drafts: Map<string, Draft>, lines: Line[]): AsfBone[] {
  const bones: AsfBone[] = [];
  const index = new Map<string, number>([['root', -1]]);
  for (const { line, words } of lines) {
    const [parent, ...children] = words;
    if (parent === 'begin' || parent === 'end') continue;
    const above = index.get(parent!);
    if (above === undefined)
      throw new MocapError(line, `'${parent}' must itself hang from the root before this line.`);
    for (const child of children) {
      const draft = drafts.get(child);
      if (!draft) throw new MocapError(line, `there is no bone '${child}'.`);
      if (index.has(child)) throw new MocapError(line, `'${child}' has two parents.`);
      index.set(child, bones.length);
      const { line: _, ...bone } = draft;
      bones.push({ ...(bone as AsfBone), parent: above });
    }
  }
  for (const [name, { line }] of drafts)
    if (!index.has(name)) throw new MocapError(line, `'${name}' hangs from no other bone.`);
  return bones;
}

function vector(words: readonly string[], line: number, what: string): Vector3 {
  if (words.length !== 3) throw new MocapError(line, `${what} needs 3 numbers.`);
  const [x, y, z] = words.map((word) => numberFrom(word, line, what));
  return [x!, y!, z!];
}

function turns(angles: Vector3, axes: string, unit: number, line: number) {
  const order = axes.toUpperCase();
  if ([...order].sort().join('') !== 'XYZ')
    throw new MocapError(line, `the order of axes '${axes}' must be one of XYZ.`);
  return [...order].map((axis, i) => [axis as 'X' | 'Y' | 'Z', angles[i]! * unit] as const);
}
