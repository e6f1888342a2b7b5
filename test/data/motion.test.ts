import { describe, expect, it } from 'vitest';
import { readBenchmark } from '../../src/data/benchmark.ts';
import { motionFromFiles, readMotion } from '../../src/data/motion.ts';
import { motionSource, subjectSplit, trainSubjects } from '../../src/data/splits.ts';
import { type StoredTensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import { JOINT, JOINTS } from '../../src/pose/skeleton.ts';
import { bytesOf, hasData, NEEDS_DATA, textOf } from './dataset.ts';

const METADATA = {
  units: 'millimetres',
  rate_hz: '30',
  joint_names: JSON.stringify(JOINTS),
  clips: JSON.stringify([
    { clip: 'walk', subject: '1', action: 'walking', start: 0, frames: 2 },
    { clip: 'run', subject: '2', start: 2, frames: 1 },
  ]),
  split: '{"train":["1"],"test":["2"]}',
};

/** Three poses, joint j of pose i at (1000 i + 10 j, j, -j) mm. */
function dataSet(metadata: Partial<typeof METADATA> = {}, change?: (poses: Float32Array) => void) {
  const data = Float32Array.from({ length: 153 }, (_, k) => {
    const joint = Math.floor(k / 3) % 17;
    return [1000 * Math.floor(k / 51) + 10 * joint, joint, -joint][k % 3]!;
  });
  change?.(data);
  const poses: StoredTensor = { dtype: 'F32', shape: [3, 17, 3], data };
  return writeSafetensors([['poses', poses]], { ...METADATA, ...metadata });
}

describe('readMotion', () => {
  it('gives metres and clips', () => {
    const { poses, count, fps, clips } = readMotion(dataSet());
    expect([count, fps]).toEqual([3, 30]);
    expect(poses[51 + 6]).toBeCloseTo(1.02, 6);
    expect(clips).toEqual([
      { name: 'walk', subject: '1', action: 'walking', start: 0, count: 2, split: 'train' },
      { name: 'run', subject: '2', start: 2, count: 1, split: 'test' },
    ]);
  });

  it('puts joints of another order, spelt in another way, into its own', () => {
    const names = [...JOINTS].reverse().map((name) => name.toUpperCase().replace('HIP', '_HIP'));
    expect(() => readMotion(dataSet({ joint_names: JSON.stringify(names) }))).toThrow(
      /missing: rightKnee/,
    );
    const { poses } = readMotion(dataSet({ joint_names: JSON.stringify([...JOINTS].reverse()) }));
    expect(poses[3 * JOINT.rightHip]).toBeCloseTo(0.15, 6);
  });

  const value = (pose: number, joint: number, axis: number) => pose * 51 + joint * 3 + axis;
  it.each<[string, (poses: Float32Array) => void, RegExp]>([
    [
      'NaN',
      (p) => p.fill(Number.NaN, value(1, 5, 2), value(1, 5, 2) + 1),
      /'walk', frame 1, joint leftKnee/,
    ],
    [
      'infinity',
      (p) => p.fill(Infinity, value(2, 0, 0), value(2, 0, 1)),
      /'run', frame 0, joint pelvis/,
    ],
    [
      '5 m',
      (p) => p.fill(5000, value(0, 16, 1), value(0, 16, 2)),
      /frame 0, joint rightWrist.*within 2 m/,
    ],
  ])('refuses %s, naming clip, frame and joint', (_, change, reason) => {
    expect(() => readMotion(dataSet({}, change))).toThrow(reason);
  });

  it.each<[string, Partial<typeof METADATA>, RegExp]>([
    ['unit', { units: 'feet' }, /unit 'feet'.*millimetres, metres/],
    ['rate', { rate_hz: 'fast' }, /'fast' Hz/],
    ['clips that are not JSON', { clips: '[' }, /'clips' is not JSON/],
    [
      'clips that overlap',
      { clips: METADATA.clips.replace('"start":2', '"start":1') },
      /clip 1 \('run'\).*start 2/,
    ],
    [
      'clips that end early',
      { clips: METADATA.clips.replace('"frames":1', '"frames":2') },
      /4 frames, poses has 3/,
    ],
    ['split', { split: '{"train":["1"],"test":[]}' }, /subject '2' in neither/],
  ])('refuses a wrong %s', (_, metadata, reason) => {
    expect(() => readMotion(dataSet(metadata))).toThrow(reason);
  });
});

describe('subjectSplit', () => {
  const motion = {
    poses: Float32Array.from({ length: 5 * 51 }, (_, k) => Math.floor(k / 51)),
    count: 5,
    fps: 30,
    clips: [
      { name: 'a', subject: 'x', start: 0, count: 2, split: 'train' },
      { name: 'b', subject: 'y', start: 2, count: 1, split: 'train' },
      { name: 'c', subject: 'z', start: 3, count: 1, split: 'test' },
      { name: 'd', subject: 'x', start: 4, count: 1, split: 'train' },
    ],
  } as const;

  it('holds one train subject out and never touches the test subjects', () => {
    const { train, validation, test } = subjectSplit(motion, { validation: 'y' });
    expect([[...train], [...validation], [...test]]).toEqual([[0, 1, 4], [2], [3]]);
    expect([...subjectSplit(motion).train]).toEqual([0, 1, 2, 4]);
    expect(() => subjectSplit(motion, { validation: 'z' })).toThrow(/'z' is not one of .* x, y/);
    expect(trainSubjects(motion)).toEqual(['x', 'y']);
  });

  it('makes sources that give those poses', () => {
    const source = motionSource(motion, subjectSplit(motion).test);
    const pose = new Float64Array(51);
    source.copyPose(0, pose);
    expect([source.count, pose[0], pose[50]]).toEqual([1, 3, 3]);
    expect(() => motionSource(motion, new Uint32Array(0))).toThrow(/at least one pose/);
  });
});

describe('motionFromFiles', () => {
  it('names the file and the line', () => {
    expect(() => motionFromFiles([{ name: 'a/b.bvh', text: 'HIERARCHY\nHI' }])).toThrow(
      /^a\/b.bvh, line 2/,
    );
    expect(() => motionFromFiles([{ name: '02_01.amc', text: '' }])).toThrow(/02_01.amc: .*02.asf/);
    expect(() => motionFromFiles([{ name: 'notes.txt', text: '' }])).toThrow(/none of the 1 files/);
  });
});

describe.skipIf(!hasData)(`on the CMU data${NEEDS_DATA}`, () => {
  it('readMotion finds what its description says', () => {
    const motion = readMotion(bytesOf('cmu/cmu_poses.safetensors'));
    expect([motion.count, motion.clips.length, motion.fps]).toEqual([25690, 117, 30]);
    const { train, validation, test } = subjectSplit(motion, { validation: '09' });
    expect([train.length, validation.length, test.length]).toEqual([22750, 869, 2071]);
  });

  it('motionFromFiles reads a folder of all dialects at 30 Hz', () => {
    const names = ['daz_09_01_run.bvh', 'max_131_03.bvh', '02.asf', '02_03.amc'];
    const motion = motionFromFiles(
      names.map((name) => ({ name, text: textOf(`mocap_formats/${name}`) })),
    );
    expect(motion.clips.map(({ subject, count }) => [subject, count])).toEqual([
      ['09', 37],
      ['131', 276],
      ['02', 44],
    ]);
    expect(motion.poses.length).toBe((37 + 276 + 44) * 51);
  });

  it("the benchmark's 2D is the projection of its 3D", () => {
    const { count, pose2d, pose3d } = readBenchmark(bytesOf('cmu/cmu_benchmark.safetensors'));
    expect(count).toBe(4142);
    let worst = 0;
    for (let i = 0; i < count * 17; i++)
      for (const axis of [0, 1])
        worst = Math.max(
          worst,
          Math.abs(pose3d[3 * i + axis]! / pose3d[3 * i + 2]! - pose2d[2 * i + axis]!),
        );
    expect(worst).toBeLessThan(1e-7);
  });
});

it('readBenchmark refuses shapes and values that cannot be, naming view and joint', () => {
  const file = (views: number, depth: number) =>
    writeSafetensors([
      ['pose2d', { dtype: 'F32', shape: [views, 17, 2], data: new Float32Array(views * 34) }],
      [
        'pose3d',
        { dtype: 'F32', shape: [2, 17, 3], data: new Float32Array(102).fill(1).fill(depth, 101) },
      ],
    ]);
  expect(readBenchmark(file(2, 1)).count).toBe(2);
  expect(() => readBenchmark(file(3, 1))).toThrow(/3 views in pose2d, 2 in pose3d/);
  expect(() => readBenchmark(file(2, -1))).toThrow(/view 1, joint rightWrist/);
  expect(() => readBenchmark(writeSafetensors([]))).toThrow(/no tensor 'pose2d'/);
});
