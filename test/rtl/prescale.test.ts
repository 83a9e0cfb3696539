/** The prescale of the RTL: the same frames as in every form that vetoc emits, for any number and key. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEPTH } from '../../src/backends/rtl/depths.js';
import { createRandom } from '../../src/core/random.js';
import { MAX_PRESCALE, prescaleChooses } from '../../src/ir/prescale.js';
import { PRESCALE_FAULTS } from './bench-faults.js';
import { templateModules } from './planted.js';

const QUESTIONS = 4000;

describe('vetoc_prescale', () => {
  it('chooses as the interpreter does, and would be found out with a fault', () => {
    const random = createRandom(1);
    const questions = new Uint32Array(4 * QUESTIONS);
    const expected = new Uint32Array(QUESTIONS);
    for (let i = 0; i < QUESTIONS; i++) {
      const [low, high, key] = [random.uint32(), random.pick([0, 1, random.uint32()]), random.uint32()];
      const n = random.pick([0, 1, 2, 3, 7, 100, MAX_PRESCALE, MAX_PRESCALE + 1, random.integer(1, 50)]);
      questions.set([low, high, n, key], 4 * i);
      const refused = n > MAX_PRESCALE;
      const chosen = !refused && prescaleChooses((BigInt(high) << 32n) + BigInt(low), n, key);
      expected[i] = Number(chosen) | (Number(refused) << 1) | (DEPTH.prescale << 8);
    }
    const { folder, sources } = templateModules(['prescale', 'product'], 'prescale', PRESCALE_FAULTS);
    const built = spawnSync(
      'verilator',
      [
        ...['--cc', '--exe', '--build', '-O3', '-Wno-fatal', '--top-module', 'vetoc_prescale'],
        ...['-CFLAGS', '-O1', '--Mdir', join(folder, 'build'), '-o', 'prescale'],
        ...sources,
        join(import.meta.dirname, 'streams/prescale.cpp'),
      ],
      { encoding: 'utf8' },
    );
    if (built.status !== 0) throw new Error(built.stderr);
    const wrong = (fault: number): number => {
      writeFileSync(join(folder, 'fault'), String(fault));
      const result = spawnSync(join(folder, 'build', 'prescale'), [], {
        cwd: folder,
        input: new Uint8Array(questions.buffer),
      });
      const answers = new Uint32Array(Uint8Array.from(result.stdout).buffer);
      return expected.filter((answer, i) => answer !== answers[i]).length;
    };
    expect(wrong(0)).toBe(0);
    expect(PRESCALE_FAULTS.filter((_, i) => wrong(i + 1) === 0).map((f) => f.name)).toEqual([]);
    rmSync(folder, { recursive: true });
  }, 300_000);
});
