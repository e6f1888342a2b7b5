/**
 * Stands in for `check.ts`, `devices.ts` and vitest where the tests of ops are bundled, to run in a
 * page and beside it: their sheets are taken, and what else they test is left out.
 */

import { openGpu } from '../../src/gpu/gpu.ts';
import {
  assertBackward,
  assertForward,
  assertRepeats,
  type Prepared,
  prepare,
  type Result,
  run,
  type Sheet,
} from '../sheet.ts';

export { assertClose, assertSame } from '../sheet.ts';

interface Named<A> {
  readonly name: string;
  readonly sheet: Sheet<A>;
  /** The cases that run here: every third, from another one in each sheet. */
  readonly cases: Sheet<A>['cases'];
}
const taken: Named<unknown>[] = [];

export function checkOp<A>(name: string, _devices: unknown, sheet: Sheet<A>): void {
  const thirds = sheet.cases.filter((_, i) => i % 3 === taken.length % 3);
  const cases = thirds.length > 0 ? thirds : sheet.cases.slice(0, 1);
  taken.push({ name, sheet, cases } as unknown as Named<unknown>);
}

export const openDevices = async () => [];
const nothing = Object.assign(() => {}, { each: () => () => {} });

export {
  nothing as afterAll,
  nothing as beforeAll,
  nothing as describe,
  nothing as expect,
  nothing as test,
};

/** The names of the sheets, and how many of all cases run here. */
export const contents = () => ({
  names: taken.map(({ name }) => name),
  cases: taken.reduce((sum, { cases }) => sum + cases.length, 0),
  all: taken.reduce((sum, { sheet }) => sum + sheet.cases.length, 0),
});

export interface CaseReport {
  readonly why: string;
  /** What is wrong; empty where all is right. */
  readonly faults: readonly string[];
  /** The result and the gradients, one after another, as the bits of f32. */
  readonly bits: readonly number[];
}

let opened: ReturnType<typeof openGpu> | undefined;

/** Runs the cases of a sheet on SwiftShader. */
export async function runSheet(name: string): Promise<CaseReport[]> {
  opened ??= openGpu({ poison: true, adapter: 'swiftshader' });
  const { sheet, cases } = taken.find((each) => each.name === name)!;
  const prepared = cases.map((each) => prepare(name, sheet, each));
  const results = await run(await opened, sheet, prepared);
  return results.map((result, i) => reportOf(sheet, prepared[i]!, result));
}

function reportOf(sheet: Sheet<unknown>, each: Prepared<unknown>, result: Result): CaseReport {
  const checks = [assertForward, ...(sheet.forwardOnly ? [] : [assertBackward]), repeats];
  const faults = checks.flatMap((check) => {
    try {
      check(sheet, each, result);
      return [];
    } catch (error) {
      return (error as Error).message;
    }
  });
  const bits = [result.y, ...result.dx].flatMap((values) => [
    ...new Uint32Array(values.slice().buffer),
  ]);
  return { why: each.why, faults, bits };
}

const repeats = (_: unknown, _each: unknown, result: Result) => assertRepeats(result);

/** Gives the device back. */
export const close = async () => (await opened)?.close();
