/** Rendered people: the kernels against the plain f64 renderer. */

import { describe, expect, test } from 'vitest';
import { SCENE_SIZE } from '../../src/data/scene/layout.ts';
import { type Frame, frameOfCamera, frameOfView, packScenes } from '../../src/data/scene/pack.ts';
import { castScene } from '../../src/data/scene/ray_cast.ts';
import { DEPTH_ERROR, type Scene, type SceneOptions, sceneOf } from '../../src/data/scene/scene.ts';
import { grad } from '../../src/graph/autograd.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { sum } from '../../src/graph/ops/reduce.ts';
import { renderPeople } from '../../src/graph/ops/render.ts';
import { evaluate, planOf } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/trace.ts';
import { COMPILING } from '../check.ts';
import { openDevices } from '../devices.ts';
import { runGuarded } from '../guarded.ts';

const devices = await openDevices();
const best = devices[0]!.gpu;

/** Share of pixels where rounding may decide what a ray meets: edges of things, shadows and patterns. */
const EDGES = 0.004;

const make = (indices: readonly number[], options: SceneOptions = {}) =>
  indices.map((index) => sceneOf({ seed: 11, split: 'test', index, ...options }));

const frames = (scenes: readonly Scene[]) => scenes.map(({ camera }) => frameOfCamera(camera));
/** Turned a little, and nearer. */
const turned = (scenes: readonly Scene[]): Frame[] =>
  scenes.map(() => {
    const [c, s] = [Math.cos(0.1), Math.sin(0.1)];
    return frameOfView({ rotation: [c, 0, -s, 0, 1, 0, s, 0, c], focal: 60 }, 40);
  });

const CASES = [
  ['whole tiles', [32, 48], [0, 1, 2], frames, {}],
  ['tiles that overhang, a depth error', [37, 29], [3, 4], frames, { depthError: DEPTH_ERROR }],
  ['a square view', [40, 40], [5, 6], turned, { sensorNoise: false }],
  ['sitting people', [40, 40], [7, 8], frames, { family: 'sitChair', occluders: 0 }],
  ['lying people', [24, 40], [9], frames, { family: 'lie' }],
  ['one pixel', [1, 1], [10], frames, {}],
] as const satisfies readonly (readonly [
  string,
  readonly [number, number],
  readonly number[],
  (scenes: readonly Scene[]) => Frame[],
  SceneOptions,
])[];

const outputs = (scenes: Tensor, size: readonly [number, number]) => ({
  ...renderPeople(scenes, { size }),
});

for (const { label, gpu } of devices)
  describe(`renderPeople on ${label}`, () => {
    test.each(CASES)(
      '%s',
      async (_why, [height, width], indices, view, options) => {
        const scenes = make(indices, options);
        const rows = packScenes(scenes, view(scenes));
        const shape = [scenes.length, SCENE_SIZE];
        const of = ({ scenes }: { scenes: Tensor }) => outputs(scenes, [height, width]);
        const { pictures, parts } = await evaluate(gpu, of, { scenes: { shape, values: rows } });
        const pixels = height * width;
        const wrong = { depth: 0, colour: 0, parts: 0 };
        let people = 0;
        scenes.forEach((_, n) => {
          const right = castScene(rows.subarray(n * SCENE_SIZE, (n + 1) * SCENE_SIZE), {
            width,
            height,
          });
          for (let i = 0; i < pixels; i++) {
            const at = n * pixels + i;
            people += Number(right.parts[i]! > 0);
            wrong.parts += Number(parts[at] !== right.parts[i]);
            const [r, g, b, depth] = right.picture.subarray(4 * i, 4 * i + 4);
            const off = Math.abs(pictures[4 * at + 3]! - depth!);
            wrong.depth += Number(!(off <= 1e-4 * depth!));
            const colours = [r, g, b].map((c, k) => Math.abs(pictures[4 * at + k]! - c!));
            wrong.colour += Number(!(Math.max(...colours) <= 1 / 255));
          }
        });
        const most = EDGES * scenes.length * pixels;
        expect(wrong.parts).toBeLessThanOrEqual(most);
        expect(wrong.depth).toBeLessThanOrEqual(most);
        expect(wrong.colour).toBeLessThanOrEqual(most);
        if (pixels > 1) expect(people).toBeGreaterThan(0.01 * pixels);
      },
      COMPILING,
    );

    test(
      'the same bits again, and in any order',
      async () => {
        const scenes = make([3, 4, 5]);
        const render = async (rows: Float32Array) => {
          const shape = [rows.length / SCENE_SIZE, SCENE_SIZE];
          const of = ({ scenes }: { scenes: Tensor }) => outputs(scenes, [24, 24]);
          return (await evaluate(gpu, of, { scenes: { shape, values: rows } })).pictures;
        };
        const all = await render(packScenes(scenes));
        expect(await render(packScenes(scenes))).toEqual(all);
        const size = 4 * 24 * 24;
        const swapped = await render(packScenes([scenes[2]!, scenes[0]!]));
        expect(swapped.subarray(0, size)).toEqual(all.subarray(2 * size));
        expect(swapped.subarray(size)).toEqual(all.subarray(0, size));
      },
      COMPILING,
    );
  });

describe('in a program', () => {
  const shape = [2, SCENE_SIZE];

  test(
    'no kernel reads or writes beyond its operands',
    async () => {
      const graph = ({ scenes }: { scenes: Tensor }) => outputs(scenes, [19, 21]);
      const plan = planOf(best, graph, { scenes: shape });
      const { faults } = await runGuarded(best, plan, { scenes: packScenes(make([0, 1])) });
      expect(faults).toEqual([]);
    },
    COMPILING,
  );

  test(
    'without colours depth and parts are the same bits',
    async () => {
      const of = ({ scenes }: { scenes: Tensor }) => {
        const whole = renderPeople(scenes, { size: 24 });
        const bare = renderPeople(scenes, { size: 24, colours: false });
        return {
          ...whole,
          barePictures: bare.pictures,
          bareParts: bare.parts,
        };
      };
      const rows = packScenes(make([0, 1]));
      const got = await evaluate(best, of, { scenes: { shape, values: rows } });
      expect(got.bareParts).toEqual(got.parts);
      got.barePictures.forEach((value, i) => {
        expect(value).toBe(i % 4 === 3 ? got.pictures[i] : 0);
      });
    },
    COMPILING,
  );

  test(
    'no gradient reaches the scenes, and those of others pass by',
    async () => {
      const of = ({ scenes, w }: { scenes: Tensor; w: Tensor }) => {
        const { pictures } = renderPeople(scenes, { size: 8 });
        const [dw, dscenes] = grad(sum(mul(pictures, w)), [w, scenes]);
        return { dw: dw!, dscenes: dscenes!, pictures };
      };
      const rows = packScenes(make([0, 1]));
      const { dw, dscenes, pictures } = await evaluate(best, of, {
        scenes: { shape, values: rows },
        w: { shape: [2, 8, 8, 4], values: new Float32Array(512).fill(1) },
      });
      expect(dw).toEqual(pictures);
      expect(dscenes.every((value) => value === 0)).toBe(true);
    },
    COMPILING,
  );

  test('what fits no picture is refused with the repair', () => {
    const plan = (size: number, shape: readonly number[]) =>
      planOf(best, ({ scenes }) => ({ ...renderPeople(scenes!, { size }) }), { scenes: shape });
    expect(() => plan(8, [2, 100])).toThrow(
      `renderPeople: scenes must be [n, ${SCENE_SIZE}], got [2, 100]. Make them with packScenes`,
    );
    expect(() => plan(0, shape)).toThrow('the size must be whole pixels above 0, got [0, 0]');
  });
});
