import { expect, it } from 'vitest';
import { createNumbering } from '../../src/live/numbering.js';

it('counts what never came, what came late, and what came twice', () => {
  const numbering = createNumbering();
  const taken = [5, 6, 9, 8, 9, 5, 12].map((number) => numbering.take(number));
  expect(taken).toEqual([false, false, false, false, true, true, false]);
  // 7, 10 and 11 are missing; what was before the first frame is not.
  expect(numbering.missing()).toBe(3);
  expect(numbering.repeated()).toBe(2);
});

it('a jump of numbers costs no memory by its size', () => {
  const numbering = createNumbering();
  numbering.take(0);
  numbering.take(Number.MAX_SAFE_INTEGER - 10);
  expect(numbering.missing()).toBe(Number.MAX_SAFE_INTEGER - 11);
  expect(numbering.take(3)).toBe(false);
  expect(numbering.missing()).toBe(Number.MAX_SAFE_INTEGER - 12);
});
