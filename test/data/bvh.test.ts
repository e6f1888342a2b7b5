import { describe, expect, it } from 'vitest';
import { clipFromBvh, parseBvh, placeBvh } from '../../src/data/bvh.ts';
import { MocapError } from '../../src/data/mocap.ts';
import { readSafetensors, tensorNamed } from '../../src/formats/safetensors.ts';
import { boneLengths, JOINT } from '../../src/pose/skeleton.ts';
import { bytesOf, hasData, NEEDS_DATA, textOf } from './dataset.ts';

/** An arm of two bones of length 2 and 1 along x, with the channels in an unusual order. */
const ARM = `HIERARCHY
ROOT base
{
  OFFSET 9 9 9
  CHANNELS 6 Zposition Xposition Yposition Yrotation Zrotation Xrotation
  JOINT elbow
  {
    OFFSET 2 0 0
    CHANNELS 1 Zrotation

    End Site
    {
      OFFSET 1 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
3 1 2 0 0 0 0
3 1 2 90 0 90 -90
`;

describe('parseBvh and placeBvh', () => {
  it('place a chain as computed by hand', () => {
    const bvh = parseBvh(ARM);
    expect(bvh.nodes.map(({ name, parent }) => [name, parent])).toEqual([
      ['base', -1],
      ['elbow', 0],
      ['elbow.end', 1],
    ]);
    expect(bvh.frameTime).toBe(0.05);
    expect(placeBvh(bvh, 0).positions).toEqual([
      [1, 2, 3],
      [3, 2, 3],
      [4, 2, 3],
    ]);
    // R = Ry(90) Rx(90): x goes to -z, so the elbow is at (1, 2, 1). The forearm turns by -90 about
    // z to -y; R takes
    // -y by Rx(90) to -z and by Ry(90) to -x.
    const { positions } = placeBvh(bvh, 1);
    [1, 2, 3, 1, 2, 1, 0, 2, 1].forEach((value, i) => {
      expect(positions.flat()[i]).toBeCloseTo(value, 12);
    });
  });

  it.each<[string, [string, string], number, RegExp]>([
    ['another file', ['HIERARCHY', 'SOMETHING'], 1, /expected HIERARCHY/],
    ['an unknown channel', ['Yrotation', 'Wrotation'], 5, /'Wrotation' is no channel/],
    ['a wrong count of channels', ['CHANNELS 6', 'CHANNELS 5'], 5, /announces 5 names and has 6/],
    ['a word for a number', ['OFFSET 2 0', 'OFFSET 2 x'], 8, /'x'/],
    ['a short offset', ['OFFSET 2 0 0', 'OFFSET 2 0'], 8, /3 numbers, not 2/],
    ['two joints of a name', ['JOINT elbow', 'JOINT base'], 6, /two joints 'base'/],
    ['a joint without offset', ['    OFFSET 2 0 0\n', ''], 14, /no OFFSET/],
    ['a word out of place', ['End Site', 'Stop'], 11, /'Stop' is unknown/],
    ['a missing brace', ['    End Site\n    {\n', ''], 11, /OFFSET is out of place/],
    ['no frames line', ['Frames: 2', 'Frames 2'], 18, /'Frames:'/],
    ['half a frame', ['Frames: 2', 'Frames: 1.5'], 18, /1.5 frames/],
    ['no time', ['0.05', '0'], 19, /frame time of 0/],
    ['a frame too few', ['Frames: 2', 'Frames: 3'], 21, /after 2 of 3 frames/],
    ['a frame too many', ['Frames: 2', 'Frames: 1'], 21, /more follows after the 1 frames/],
    ['a short frame', ['0 90 -90', '0 90'], 21, /frame 1 has 6 values.*7 channels/],
    ['NaN', ['0 90 -90', '0 nan -90'], 21, /frame 1 must be a number, not 'nan'/],
    ['infinity', ['0 90 -90', '0 1e999 -90'], 21, /1e999/],
    ['an early end', [ARM.slice(ARM.indexOf('    OFFSET 2')), ''], 7, /file ends where/],
  ])('refuse %s, with the line', (_, [from, to], line, reason) => {
    try {
      parseBvh(ARM.replace(from, to));
    } catch (error) {
      expect(error).toBeInstanceOf(MocapError);
      expect((error as MocapError).message).toMatch(reason);
      expect((error as MocapError).line).toBe(line);
      return;
    }
    throw new Error('the file was accepted');
  });

  it('name the joints that a skeleton of another kind lacks', () => {
    expect(() => clipFromBvh(parseBvh(ARM))).toThrow(/no known dialect.*also needs/);
  });
});

describe.skipIf(!hasData)(`clipFromBvh on CMU's files${NEEDS_DATA}`, () => {
  it('agrees with the data set made from the same recording to its rounding', () => {
    const { poses, count, fps } = clipFromBvh(parseBvh(textOf('mocap_formats/daz_09_01_run.bvh')));
    expect(count).toBe(148);
    expect(fps).toBeCloseTo(120, 3);
    const file = readSafetensors(bytesOf('cmu/cmu_poses.safetensors'));
    const clips = JSON.parse(file.metadata.clips!) as {
      clip: string;
      start: number;
      frames: number;
    }[];
    const { start, frames } = clips.find(({ clip }) => clip === '09/09_01')!;
    expect(frames).toBe(37);
    const { data } = tensorNamed(file, 'poses');
    let worst = 0;
    for (let frame = 0; frame < frames; frame++)
      for (let k = 0; k < 51; k++) {
        const stored = Number(data[(start + frame) * 51 + k]);
        worst = Math.max(worst, Math.abs(1000 * poses[frame * 4 * 51 + k]! - stored));
      }
    // millimetres, rounded: at most half of one
    expect(worst).toBeLessThan(0.501);
  });

  it('reads the 3ds Max dialect: bones as the file states them, upright, left on the left', () => {
    const { poses, count } = clipFromBvh(parseBvh(textOf('mocap_formats/max_131_03.bvh')));
    expect(count).toBe(1102);
    const unit = 0.0254 / 0.45;
    // the OFFSETs of LeftKnee, LeftAnkle, RightKnee, LeftElbow and RightWrist
    const stated: [number, number][] = [
      [JOINT.leftKnee, unit * Math.hypot(2.49329, -6.85026)],
      [JOINT.leftAnkle, unit * Math.hypot(2.3677, -6.5052)],
      [JOINT.rightKnee, unit * Math.hypot(-2.46559, -6.77417)],
      [JOINT.leftElbow, unit * 4.25106],
      [JOINT.rightWrist, unit * 3.44416],
    ];
    for (const frame of [0, 500, 1101]) {
      const pose = poses.subarray(frame * 51, (frame + 1) * 51);
      const lengths = boneLengths(pose);
      for (const [joint, length] of stated) expect(lengths[joint - 1]).toBeCloseTo(length, 6);
      expectStanding(pose);
    }
  });
});

/**
 * The head is above the pelvis and that above the feet; seen with the person's own up and forward,
 * left is on the left.
 */
function expectStanding(pose: Float32Array): void {
  const at = (joint: keyof typeof JOINT) => pose.subarray(3 * JOINT[joint], 3 * JOINT[joint] + 3);
  expect(at('head')[1]! - at('pelvis')[1]!).toBeGreaterThan(0.4);
  expect(at('pelvis')[1]!).toBeGreaterThan(at('leftAnkle')[1]! + 0.4);
  // forward is where the nose is from the head; left = up x forward
  const [fx, , fz] = at('neck').map((v, i) => v - at('head')[i]!);
  for (const part of ['Hip', 'Shoulder'] as const) {
    const left = at(`left${part}`);
    const right = at(`right${part}`);
    expect((left[0]! - right[0]!) * fz! - (left[2]! - right[2]!) * fx!).toBeGreaterThan(0);
  }
}
