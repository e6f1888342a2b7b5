/**
 * The codes of stages stand in two places, src/kernels/chain.ts and the shaders' lib/stage.wgsl and
 * lib/curve.wgsl: they must say the same.
 */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kinds, opCodes, stageEditions } from '../../src/kernels/chain.ts';

const [stages, curves] = ['stage', 'curve'].map((name) =>
  readFileSync(`shaders/lib/${name}.wgsl`, 'utf8'),
) as [string, string];
const wgsl = stages + curves;

/**
 * What the case of each op must say, in its expression or its comment, where its name alone is not
 * there.
 */
const words: Partial<Record<keyof typeof opCodes, string>> = {
  sub: 'return r - e',
  subFrom: 'return e - r',
  divInto: 'return e / r',
  leakyRelu: 'leaky relu',
  hardSwish: 'hard_swish(',
  halfStep: 'half step',
  keepIf: 'keep if',
  keepUnless: 'keep unless',
  reluGradient: 'relu gradient',
  sigmoidGradient: 'sigmoid gradient',
  tanhGradient: 'tanh gradient',
  siluGradient: 'silu_slope(',
  geluGradient: 'gelu_slope(',
  hardSwishGradient: 'hard_swish_slope(',
  softplusGradient: 'softplus gradient',
  absGradient: 'abs gradient',
};

test('every op has one case, which says what the op is', () => {
  const cases = new Map(
    [...wgsl.matchAll(/^ +case (\d+)u: (.*)$/gm)].map(([, code, text]) => [Number(code), text!]),
  );
  expect([...cases.keys()].sort((a, b) => a - b)).toEqual(
    Object.values(opCodes).sort((a, b) => a - b),
  );
  for (const [name, code] of Object.entries(opCodes))
    expect(cases.get(code), name).toContain(words[name as keyof typeof opCodes] ?? name);
});

test('chains leave the curves out exactly where they have none', () => {
  const names = Object.keys(opCodes) as (keyof typeof opCodes)[];
  for (const op of names) {
    const isCurve = curves.includes(`case ${opCodes[op]}u:`);
    const left = 'lib/curve.wgsl' in stageEditions([{ op, kind: 'constant' }]);
    expect(left, op).toBe(!isCurve);
  }
});

test('every kind of operand has its code', () => {
  const codes = [...wgsl.matchAll(/\b([A-Z]+) = (\d)u;/g)].map(([, name, code]) => [
    name!.toLowerCase(),
    Number(code),
  ]);
  expect(Object.fromEntries(codes)).toEqual(kinds);
});
