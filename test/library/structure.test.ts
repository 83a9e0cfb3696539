/** What the sources must not have, counted. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MOST_LINES = 300;
const MOST_LINES_OF_THE_COMMAND_LINE = 2500;
const MOST_DOUBLE_CASTS = 3;

const files = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(ts|js|css)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !path.includes('generated'))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const linesOf = (text: string): number => text.split('\n').length - 1;
const where = (pattern: RegExp): string[] =>
  files.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(() => path));

it(`has no file of more than ${MOST_LINES} lines`, () => {
  expect(files.length).toBeGreaterThan(400);
  expect(files.filter(({ text }) => linesOf(text) > MOST_LINES).map(({ path }) => path)).toEqual([]);
});

it(`has a command line of fewer than ${MOST_LINES_OF_THE_COMMAND_LINE} lines`, () => {
  const own = files.filter(({ path }) => path.startsWith(join('src', 'cli')));
  expect(own.reduce((sum, { text }) => sum + linesOf(text), 0)).toBeLessThan(MOST_LINES_OF_THE_COMMAND_LINE);
});

it(`casts through unknown at most ${MOST_DOUBLE_CASTS} times, and never to never`, () => {
  expect(where(/\bas unknown as\b/g).length).toBeLessThanOrEqual(MOST_DOUBLE_CASTS);
  expect(where(/(?<![*/].*)\bas never\b(?! )/g)).toEqual([]);
});
