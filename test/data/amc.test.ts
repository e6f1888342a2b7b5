import { describe, expect, it } from 'vitest';
import { clipFromAmc, parseAmc, placeAmc } from '../../src/data/amc.ts';
import { parseAsf } from '../../src/data/asf.ts';
import { MocapError } from '../../src/data/mocap.ts';
import { readMotion } from '../../src/data/motion.ts';
import { evaluate } from '../../src/pose/metrics.ts';
import { boneLengths, JOINT } from '../../src/pose/skeleton.ts';
import { bytesOf, hasData, NEEDS_DATA, textOf } from './dataset.ts';

/** A bone along y whose own frame is turned by 90 degrees about z, and one along x at its end. */
const ASF = `# a comment
:version 1.10
:name TEST
:units
  length 0.5
  angle deg
:documentation
   free text
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 1
   orientation 0 0 0
:bonedata
  begin
     id 1
     name thigh
     direction 0 -2 0
     length 3
     axis 0 0 90 XYZ
     dof rx ry
     limits (-10.0 20.0)
            (-inf inf)
  end
  begin
     name toe
     direction 1 0 0
     length 1
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh toe
  end
`;
const AMC = `#!OML:ASF
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
thigh 0 0
2
root 0 0 0 90 90 0
thigh 0 90
`;

describe('parseAsf, parseAmc and placeAmc', () => {
  it('place bones as computed by hand', () => {
    const asf = parseAsf(ASF);
    expect(asf.metresPerUnit).toBeCloseTo(0.0508, 12);
    expect(asf.bones.map(({ name, parent }) => [name, parent])).toEqual([
      ['thigh', -1],
      ['toe', 0],
    ]);
    expect(asf.bones[0]!.limits[0]![1]).toBeCloseTo(Math.PI / 9, 12);
    expect(asf.bones[0]!.limits[1]![1]).toBe(Number.POSITIVE_INFINITY);
    const amc = parseAmc(AMC, asf);
    expect(placeAmc(asf, amc, 0).positions).toEqual([
      [1, -1, 4],
      [2, -1, 4],
      [1, 2, 4],
    ]);
    // The bone's y is the world's -x: ry 90 is a turn by -90 about x, which takes -y to +z and
    // leaves x. The root turns by 90
    // about x, then about y: +z goes to -y and stays; x stays and goes to -z.
    const { positions } = placeAmc(asf, amc, 1);
    [0, -3, 1, 0, -3, 0, 0, 0, 1].forEach((value, i) => {
      expect(positions.flat()[i]).toBeCloseTo(value, 12);
    });
  });

  const lineOf = (read: () => unknown): [number, string] => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(MocapError);
      return [(error as MocapError).line, (error as Error).message];
    }
    throw new Error('the file was accepted');
  };

  it.each<[string, [string, string], number, RegExp]>([
    ['a missing section', [':hierarchy', ':tree'], 1, /no section :hierarchy/],
    ['a unit of zero', ['length 0.5', 'length 0'], 5, /length 0/],
    ['an unknown angle', ['angle deg', 'angle grad'], 6, /'grad'/],
    ['an incomplete order', ['TX TY TZ', 'TX TY'], 10, /order/],
    ['no direction', ['     direction 1 0 0\n', ''], 29, /no direction/],
    ['a direction of no length', ['0 -2 0', '0 0 0'], 18, /no length/],
    ['a wrong axis', ['90 XYZ', '90 XYX'], 20, /'XYX'/],
    ['an unknown freedom', ['rx ry', 'rx tq'], 21, /'tq'/],
    ['a limit too few', ['            (-inf inf)\n', ''], 23, /1 limits for 2 freedoms/],
    ['a word for a number', ['length 3', 'length long'], 19, /'long'/],
    ['a bone without an end', ['     axis 0 0 0 XYZ\n  end\n', ''], 25, /no end/],
    ['an unknown child', ['thigh toe', 'thigh knee'], 34, /no bone 'knee'/],
    ['an orphan', ['    thigh toe\n', ''], 25, /'toe' hangs from no other/],
    ['a child before its parent', ['root thigh', 'toe thigh'], 33, /'toe' must itself/],
  ])('refuse a skeleton with %s, with the line', (_, [from, to], line, reason) => {
    const [at, message] = lineOf(() => parseAsf(ASF.replace(from, to)));
    expect(message).toMatch(reason);
    expect(at).toBe(line);
  });

  it.each<[string, [string, string], number, RegExp]>([
    ['values before a frame', ['\n1\n', '\n'], 4, /before the number of a frame/],
    ['an unknown bone', ['thigh 0 0', 'shin 0 0'], 6, /'shin'/],
    ['a bone twice', ['thigh 0 0', 'root 1 2 3 0 0 0'], 6, /frame 1 has two 'root'/],
    ['a value too few', ['thigh 0 0', 'thigh 0'], 6, /1 values.*gives it 2/],
    ['NaN', ['thigh 0 90', 'thigh 0 -1.#IND'], 9, /'-1.#IND'/],
    ['a lost frame', ['\n2\n', '\n3\n'], 7, /frame 3 follows frame 1/],
    ['a bone missing', ['thigh 0 0\n', ''], 5, /frame 1 ends without thigh/],
    ['other angles', [':DEGREES', ':RADIANS'], 3, /disagrees/],
  ])('refuse a motion with %s, with the line', (_, [from, to], line, reason) => {
    const [at, message] = lineOf(() => parseAmc(AMC.replace(from, to), parseAsf(ASF)));
    expect(message).toMatch(reason);
    expect(at).toBe(line);
  });

  it("name the bones that a skeleton lacks that is not CMU's", () => {
    const asf = parseAsf(ASF);
    expect(() => clipFromAmc(asf, parseAmc(AMC, asf))).toThrow(/no bones .*lfemur/);
  });
});

describe.skipIf(!hasData)(`clipFromAmc on CMU's subject 02${NEEDS_DATA}`, () => {
  const asf = hasData ? parseAsf(textOf('mocap_formats/02.asf')) : undefined;

  it('gives a plausible person: the rigid bones of the skeleton, upright, running forwards', () => {
    const { poses, count, fps } = clipFromAmc(
      asf!,
      parseAmc(textOf('mocap_formats/02_03.amc'), asf!),
    );
    expect([count, fps]).toEqual([173, 120]);
    const unit = 0.0254 / 0.45;
    for (let frame = 0; frame < count; frame += 43) {
      const pose = poses.subarray(frame * 51, (frame + 1) * 51);
      const lengths = boneLengths(pose);
      // the file's lengths of lfemur, ltibia, rhumerus, rradius + rwrist
      expect(lengths[JOINT.leftKnee - 1]).toBeCloseTo(7.59371 * unit, 6);
      expect(lengths[JOINT.leftAnkle - 1]).toBeCloseTo(7.28717 * unit, 6);
      expect(lengths[JOINT.rightElbow - 1]).toBeCloseTo(5.02649 * unit, 6);
      expect(lengths[JOINT.rightWrist - 1]).toBeCloseTo((3.36431 + 1.68216) * unit, 3);
      const at = (joint: keyof typeof JOINT, axis: number) => pose[3 * JOINT[joint] + axis]!;
      // the head some 1.5 to 1.7 m above the ground, the hips 0.7 to 1 m
      expect(at('head', 1)).toBeGreaterThan(1.4);
      expect(at('head', 1)).toBeLessThan(1.75);
      expect(at('pelvis', 1)).toBeGreaterThan(0.7);
      expect(at('pelvis', 1)).toBeLessThan(1.05);
      // he runs along +z and looks there, so that his left is at +x
      expect(at('neck', 2)).toBeGreaterThan(at('head', 2));
      expect(at('leftHip', 0)).toBeGreaterThan(at('rightHip', 0));
      expect(at('leftShoulder', 0)).toBeGreaterThan(at('rightShoulder', 0));
    }
    expect(poses[172 * 51 + 2]! - poses[2]!).toBeGreaterThan(3);
  });

  it('agrees with the same recording retargeted to another skeleton', () => {
    const clip = clipFromAmc(asf!, parseAmc(textOf('mocap_formats/02_03.amc'), asf!));
    const motion = readMotion(bytesOf('cmu/cmu_poses.safetensors'));
    const { start, count } = motion.clips.find(({ name }) => name === '02/02_03')!;
    expect(count).toBe(Math.ceil(clip.count / 4));
    const thinned = new Float32Array(count * 51);
    for (let i = 0; i < count; i++)
      thinned.set(clip.poses.subarray(i * 4 * 51, (i * 4 + 1) * 51), i * 51);
    const stored = motion.poses.slice(start * 51, (start + count) * 51);
    // bones differ by up to 30 %, the motion does not: half a metre of a stride would show at once
    const { paMpjpe } = evaluate(thinned, stored);
    expect(paMpjpe.value).toBeLessThan(60);
  });
});
