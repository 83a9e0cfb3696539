/** `registers.h` as software takes it: in C of 1989 and 1999 and in C++, without a warning, with the bits where the table has them. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DECISION_FIELDS, registersOf } from '../../src/backends/dataflow/interface.js';
import { registerHeader } from '../../src/backends/hls/registers.js';
import { writeProject } from './project.js';

const FEATURES = { reloadable: true, canary: true };
const trained = { threshold: -42, unit: '2^-4 of a logit' };
const fields = DECISION_FIELDS.filter((f) => f.high - f.low < 8 || f.low % 32 === 0);

/** Prints the threshold, each register's offset, and each field of a decision whose word i is 0x9e3779b9 * (i + 1). */
const PROGRAM = `#include "registers.h"
#include <stdio.h>
int main(void) {
  unsigned int d[TOP_DECISION_WORDS];
  int i;
  for (i = 0; i < TOP_DECISION_WORDS; ++i) d[i] = 0x9e3779b9U * (unsigned int)(i + 1);
  printf("%ld\\n", (long)TOP_TRAINED_THRESHOLD);
${registersOf(FEATURES)
  .map((r) => `  printf("%u\\n", (unsigned int)TOP_${r.name.toUpperCase()});`)
  .join('\n')}
${fields
  .map((f) => {
    const form = f.high === f.low ? 'BIT' : f.high - f.low < 8 ? 'BYTE' : 'WORD';
    return `  printf("%u\\n", TOP_${form}(d, TOP_DECISION_${f.name.toUpperCase()}));`;
  })
  .join('\n')}
  return 0;
}
`;

const word = (i: number): number => Math.imul(0x9e3779b9, i + 1) >>> 0;
const expected = [
  trained.threshold,
  ...registersOf(FEATURES).map((r) => r.offset),
  ...fields.map((f) => {
    const width = Math.min(32, f.high - f.low + 1);
    return Number(
      (BigInt(word(Math.floor(f.low / 32))) >> BigInt(f.low % 32)) & ((1n << BigInt(width)) - 1n),
    );
  }),
];

describe('registers.h', () => {
  it.each([
    ['gcc', 'c90', 'c'],
    ['gcc', 'c99', 'c'],
    ['g++', 'c++14', 'c++'],
  ])('is good for %s -std=%s', (compiler, standard, language) => {
    const folder = writeProject({ 'registers.h': registerHeader('top', FEATURES, trained) });
    writeFileSync(join(folder, 'main.c'), PROGRAM);
    const strict = [`-std=${standard}`, '-pedantic-errors', '-Wall', '-Wextra', '-Werror', '-x', language];
    const built = spawnSync(compiler, [...strict, 'main.c', '-o', 'main'], { cwd: folder, encoding: 'utf8' });
    expect(built.stderr).toBe('');
    const { stdout } = spawnSync(join(folder, 'main'), [], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').map(Number)).toEqual(expected);
    rmSync(folder, { recursive: true });
  });
});
