/** `manifest.json`: the hash of every file that the replay emits, as of the last commit that meant to change one. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Emitted } from './emit.js';
import { sha256 } from './plain.js';

type Manifest = Readonly<Record<string, string>>;

const FILE = new URL('./manifest.json', import.meta.url);

export const readManifest = (): Manifest => JSON.parse(readFileSync(FILE, 'utf8')) as Manifest;

export const manifestOf = (emitted: Emitted): Manifest =>
  Object.fromEntries(Object.entries(emitted).map(([path, text]) => [path, sha256(text)]));

export const writeManifest = (emitted: Emitted): void => {
  writeFileSync(FILE, `${JSON.stringify(manifestOf(emitted), null, 1)}\n`);
};

/** A line for each file that is new, gone or not what it was. */
export function manifestDifferences(before: Manifest, emitted: Emitted): readonly string[] {
  const now = manifestOf(emitted);
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return paths.flatMap((path) => {
    if (before[path] === now[path]) return [];
    return [`${before[path] === undefined ? 'new' : now[path] === undefined ? 'gone' : 'changed'}  ${path}`];
  });
}
