/** Which variant is chosen: what was told, else what was measured, else the usual. */

import { expect, test } from 'vitest';
import type { Target } from '../../src/kernels/kernel.ts';
import { choiceKey, choiceOf, choose } from '../../src/kernels/tuning.ts';

const device: Target = { kind: 'lavapipe', subgroupSize: 8, maxBinding: 1 << 27, hasF16: true };

/** Variants by the multiple of columns that they need. */
const family = {
  family: 'rows',
  variants: { any: 1, even: 2, quads: 4 },
  fits(name: 'any' | 'even' | 'quads', _: Target, [, columns]: readonly number[]) {
    return columns! % { any: 1, even: 2, quads: 4 }[name] === 0;
  },
  usual: () => 'any' as const,
};

test('the usual variant is taken where nothing is known, and every choice is told', () => {
  const told: string[] = [];
  const onChoice = (key: string, variant: string) => told.push(`${key} ${variant}`);
  expect(choose(family, { ...device, onChoice }, [3, 4])).toBe('any');
  expect(told).toEqual(['rows 3,4 any']);
  expect(choiceOf(choiceKey('rows', [3, 4]))).toEqual({ family: 'rows', shape: [3, 4] });
});

test('told for the shape, told for the family, measured, usual', () => {
  const tuned = () => ['quads'];
  expect(choose(family, { ...device, tuned }, [3, 4])).toBe('quads');
  expect(choose(family, { ...device, tuned, told: { rows: 'even' } }, [3, 4])).toBe('even');
  const told = { rows: 'even', 'rows 3,4': 'any' };
  expect(choose(family, { ...device, tuned, told }, [3, 4])).toBe('any');
  expect(choose(family, { ...device, tuned, told }, [3, 8])).toBe('even');
});

test('what does not exist or does not fit is passed over', () => {
  const tuned = () => ['best', 'toString', 'quads', 'even'];
  expect(choose(family, { ...device, tuned }, [3, 6])).toBe('even');
  expect(choose(family, { ...device, tuned }, [3, 5])).toBe('any');
  const told = { 'rows 3,6': 'quads' };
  expect(choose(family, { ...device, told }, [3, 6])).toBe('any');
});

test('what is told for the whole family must fit', () => {
  const mistake = (variant: string) => () =>
    choose(family, { ...device, told: { rows: variant } }, [3, 6]);
  expect(mistake('quads')).toThrow(
    "rows: there is no variant 'quads' for [3, 6] on this device. Use one of any, even",
  );
  expect(mistake('best')).toThrow(/no variant 'best'/);
});
