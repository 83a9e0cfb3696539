/** Stands for `vitest` in the test files that are run over and over: it collects their tests instead of running them. */
export { expect } from 'vitest';

export interface CollectedTest {
  readonly name: string;
  readonly run: () => unknown;
}

export const collected: CollectedTest[] = [];
const path: string[] = [];

export function describe(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

export function it(name: string, run: () => unknown): void {
  collected.push({ name: [...path, name].join(' › '), run });
}

it.each =
  (table: readonly unknown[]) =>
  (name: string, run: (...row: unknown[]) => unknown): void => {
    table.forEach((row, i) => {
      it(`${name} #${i}`, () => (Array.isArray(row) ? run(...(row as unknown[])) : run(row)));
    });
  };

describe.each =
  (table: readonly unknown[]) =>
  (name: string, body: (...row: unknown[]) => void): void => {
    table.forEach((row, i) => {
      describe(`${name} #${i}`, () => {
        if (Array.isArray(row)) body(...(row as unknown[]));
        else body(row);
      });
    });
  };
