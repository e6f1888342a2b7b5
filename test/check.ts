/** Declares the tests of an op's sheet, forward and backward, on every device. */

import { beforeAll, describe, test } from 'vitest';
import type { TestDevice } from './devices.ts';
import {
  assertBackward,
  assertForward,
  assertRepeats,
  prepare,
  type Result,
  run,
  type Sheet,
} from './sheet.ts';

export { assertClose, assertSame, type Operand } from './sheet.ts';

/** SwiftShader takes long to compile, all the more on a machine that is busy. */
export const COMPILING = 300_000;

export function checkOp<A = undefined>(
  name: string,
  devices: readonly TestDevice[],
  sheet: Sheet<A>,
): void {
  const cases = sheet.cases.map((each) => prepare(name, sheet, each));
  for (const { label, gpu } of devices)
    describe(`${name} on ${label}`, () => {
      let results: readonly Result[];
      beforeAll(async () => {
        results = await run(gpu, sheet, cases);
      }, COMPILING);
      cases.forEach((each, i) => {
        const shapes = each.x.map(({ shape }) => `[${shape}]`).join(' ');
        test(`${shapes} forward: ${each.why}`, () => assertForward(sheet, each, results[i]!));
        if (!sheet.forwardOnly)
          test(`${shapes} backward: ${each.why}`, () => assertBackward(sheet, each, results[i]!));
      });
      test('bitwise equal on a second run', () => results.forEach(assertRepeats));
    });
}
