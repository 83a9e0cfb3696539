/** The prescale in the firmware's C++ against `ir/prescale.ts`: the same bits for the same frame, key and N. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { MAX_PRESCALE, prescaleChooses, prescaleHash } from '../../src/ir/prescale.js';

const TEMPLATES = join(import.meta.dirname, '../../hls-templates');
const folder = mkdtempSync(join(tmpdir(), 'vetoc-prescale-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A frame number of 64 bits, N, and a key of 32. */
type Case = readonly [number: bigint, n: number, key: number];

const MAIN = `#include "vetoc/prescale.h"
#include <cstdio>
int main() {
  unsigned long long number;
  unsigned n, key;
  while (std::scanf("%llu %u %u", &number, &n, &key) == 3)
    std::printf("%u %d\\n", vetoc::prescale_hash(number, key).to_uint(), int(vetoc::prescale_chooses(number, n, key)));
}
`;

/** What the C++ says of each case, its header changed by `change`. */
function firmware(name: string, cases: readonly Case[], change = (text: string): string => text): string[] {
  const home = join(folder, name);
  mkdirSync(join(home, 'vetoc'), { recursive: true });
  const header = readFileSync(join(TEMPLATES, 'vetoc/prescale.h'), 'utf8');
  writeFileSync(join(home, 'vetoc/prescale.h'), change(header));
  writeFileSync(join(home, 'main.cpp'), MAIN);
  const program = join(home, 'main');
  const include = ['-I', home, '-I', join(TEMPLATES, 'sim'), '-I', join(TEMPLATES, 'vetoc')];
  execFileSync('g++', ['-std=c++17', '-O1', ...include, join(home, 'main.cpp'), '-o', program]);
  const input = cases.map((one) => one.join(' ')).join('\n');
  return execFileSync(program, { input, encoding: 'utf8' }).trim().split('\n');
}

const random = createRandom(11);
const word = (): number => random.uint32();
const EDGES = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
const CASES: readonly Case[] = [
  ...EDGES.flatMap((number) =>
    [0, 1, 2, MAX_PRESCALE].flatMap((n) => [0, 1, 2 ** 32 - 1].map((key): Case => [number, n, key])),
  ),
  ...Array.from({ length: 3000 }, (_, i): Case => {
    const number = (BigInt(word()) << 32n) | BigInt(word());
    return [i % 2 === 0 ? BigInt(i) : number, 1 + (word() % 20), word()];
  }),
];
const expected = CASES.map(
  ([number, n, key]) => `${prescaleHash(number, key)} ${Number(prescaleChooses(number, n, key))}`,
);

describe('the prescale of the firmware', () => {
  it('is the hash and the choice that TypeScript makes, over edges and 3,000 frames', () => {
    expect(firmware('as-it-is', CASES)).toEqual(expected);
    // Both answers occur, often.
    const chosen = expected.filter((line) => line.endsWith(' 1')).length;
    expect(chosen).toBeGreaterThan(100);
    expect(chosen).toBeLessThan(expected.length - 100);
  });

  it.each([
    ['a shift one bit off', />> 15/, '>> 14'],
    ['the halves of the number exchanged', /range\(31, 0\)/, 'range(63, 32)'],
  ])('would be found with %s', (name, from, to) => {
    const change = (text: string): string => {
      expect(text).toMatch(from);
      return text.replace(from, to);
    };
    expect(firmware(name.replaceAll(' ', '-'), CASES, change)).not.toEqual(expected);
  });
});
