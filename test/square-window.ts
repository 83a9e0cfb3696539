/** Windows of tests: as wide as tall. */
import type { Window } from '../src/ir/common.js';

export const squareWindow = (kernel: number, stride: number, padding: number): Window => ({
  kernel: [kernel, kernel],
  strides: [stride, stride],
  padding: [padding, padding, padding, padding],
});
