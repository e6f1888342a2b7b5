/** Mistakes on the command line: one clear sentence each, and a status that is not zero. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { JOINTS } from '../../src/pose/skeleton.ts';
import { kinegrad } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinegrad-errors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  const image = { width: 64, height: 48, channels: 3 as const, background: 'grey' };
  await sharp({ create: image }).png().toFile(at('photo.png'));
  writeFileSync(at('few.json'), JSON.stringify({ nose: [30, 5], left_hip: [28, 20] }));
  const standing = JOINTS.map((name, i) => [name, [20 + (i % 5), 4 + 2 * i]]);
  writeFileSync(at('all.json'), JSON.stringify(Object.fromEntries(standing)));
  writeFileSync(at('cut.safetensors'), new Uint8Array(5));
  writeFileSync(at('other.safetensors'), writeSafetensors([]));
  const poses = new Float32Array(4 * 51).fill(0.5);
  poses[100] = Number.NaN;
  const clips = [{ clip: '01/01_01', subject: '01', start: 0, frames: 4 }];
  const file = writeSafetensors([['poses', { dtype: 'F32', shape: [4, 17, 3], data: poses }]], {
    clips: JSON.stringify(clips),
    split: JSON.stringify({ train: ['01'], test: [] }),
    units: 'metres',
    frame: 'world, y up',
    joint_names: JSON.stringify(JOINTS),
    rate_hz: '30',
  });
  writeFileSync(at('nan.safetensors'), file);
});

const lift = ['lift', '--image', at('photo.png'), '--joints', at('few.json')];
const cases: [why: string, args: string[], said: RegExp][] = [
  ['an unknown option', ['train', 'martinez', '--stepz', '5'], /unknown option '--stepz'/],
  ['an unknown command', ['fly'], /unknown command 'fly'/],
  [
    'an unknown architecture',
    ['train', 'vitpose', '--out', at('a')],
    /architecture must be one of martinez, cnn, vit, got "vitpose"/,
  ],
  [
    'a value out of range',
    ['train', 'martinez', '--out', at('b'), '--dropout', '1.5'],
    /dropout must be a number from 0 to 0.95, got 1.5/,
  ],
  [
    'a number that is none',
    ['train', 'martinez', '--out', at('c'), '--steps', 'many'],
    /--steps <n>' argument 'many' is invalid. It is no number/,
  ],
  [
    'data that is not there',
    ['train', 'martinez', '--out', at('d'), '--data', at('none')],
    /there is no .*none\. Give a \.safetensors/,
  ],
  [
    'a NaN in the data',
    ['train', 'martinez', '--out', at('e'), '--data', at('nan.safetensors')],
    /NaN/,
  ],
  [
    'weights to begin from that are no weights',
    ['train', 'cnn', '--out', at('f'), '--data', 'rendered', '--from', at('other.safetensors')],
    /other\.safetensors.*format/,
  ],
  [
    'a network that would see nothing',
    ['train', 'vit', '--out', at('g'), '--data', 'rendered', '--no-convolutions'],
    /vit has no option convolutions/,
  ],
  ['no run to resume', ['train', '--resume', at('nowhere')], /nowhere holds no run/],
  ['joints that are missing', lift, /joints: .*cannot be found.*lack/],
  [
    'two cameras',
    ['lift', '--image', at('photo.png'), '--joints', at('all.json'), '--fov', '60', '--f35', '28'],
    /one of --fov, --f35 and --intrinsics/,
  ],
  [
    'weights that are cut off',
    ['eval', '--model', at('cut.safetensors'), '--data', at('cut.safetensors')],
    /safetensors.*5/,
  ],
  [
    'a file that is no weights',
    ['eval', '--model', at('other.safetensors'), '--data', at('other.safetensors')],
    /./,
  ],
];

for (const [why, args, said] of cases) {
  test(`${why} gives one sentence`, async () => {
    const { code, err } = await kinegrad(...args);
    expect(err).toMatch(said);
    expect(err).not.toContain('    at ');
    expect(code).toBeGreaterThan(0);
  });
}
