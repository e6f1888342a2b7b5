/** Declares the tests of an op's sheet, forward and backward, on every device. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { Gpu } from '../src/gpu/gpu.ts';
import { f16, halved } from '../src/graph/halves.ts';
import { planOf, targetOf } from '../src/graph/program.ts';
import type { TestDevice } from './devices.ts';
import { runGuarded } from './guarded.ts';
import {
  assertBackward,
  assertForward,
  assertRepeats,
  HALF_CASES,
  HALF_TOLERANCE,
  type Prepared,
  prepare,
  type Result,
  run,
  type Sheet,
  split,
  spread,
  stage,
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
      // The second device has no type f16, and packs two halves into a word.
      const form = (['f16', 'packed'] as const)[devices.findIndex((device) => device.gpu === gpu)];
      if (form && sheet.halves !== false)
        test(
          `stored in halves, ${form}`,
          () => checkHalves(gpu, sheet, spread(cases, HALF_CASES[form])),
          COMPILING,
        );
      // Dispatch by dispatch SwiftShader takes long, and where there is a better one it adds little.
      if (gpu === devices[0]!.gpu)
        test('within its operands', () => checkBounds(gpu, sheet, cases), COMPILING);
    });
}

/** Fails where halves between ops make more of a difference than they must. */
async function checkHalves<A>(gpu: Gpu, sheet: Sheet<A>, some: readonly Prepared<A>[]) {
  const wide = { ...sheet, tolerance: HALF_TOLERANCE };
  const { graph, specs } = stage(sheet, some, halved);
  const { dispatches } = planOf(gpu, graph, specs, {
    storage: f16,
    variants: sheet.variants ?? {},
  });
  // The op itself takes them, or gives them; packed ones not where nothing has an even number to a row.
  const matrices = some.some(({ x }) => x.some(({ shape }) => shape.length > 1));
  const taken = dispatches.some(({ op, storage }) => storage && op !== 'halved');
  if (targetOf(gpu).hasF16) expect(taken).toBe(matrices);
  const results = await run(gpu, sheet, some, f16);
  results.forEach((result, i) => {
    assertForward(wide, some[i]!, result);
    if (!sheet.forwardOnly) assertBackward(wide, some[i]!, result);
    assertRepeats(result);
  });
}

/** Fails where a kernel reads or writes beyond an operand. */
async function checkBounds<A>(gpu: Gpu, sheet: Sheet<A>, cases: readonly Prepared<A>[]) {
  const { graph, specs, batch } = stage(sheet, cases);
  const { variants } = sheet;
  const plan = planOf(gpu, graph, specs, { ...(variants && { variants }) });
  const { outputs, faults } = await runGuarded(gpu, plan, batch);
  expect(faults).toEqual([]);
  split(cases, outputs).forEach((values, i) => {
    const result = { ...values, again: values };
    assertForward(sheet, cases[i]!, result);
    if (!sheet.forwardOnly) assertBackward(sheet, cases[i]!, result);
  });
}
