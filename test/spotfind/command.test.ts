import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { UserError } from '../../src/core/errors.js';
import { framesFile, missingReason, openH5, values } from './reference.js';

describe.skipIf(missingReason !== null)('vetoc spotfind', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vetoc-spotfind-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Runs the command and returns what it printed. */
  async function run(...options: readonly string[]): Promise<string> {
    const printed: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        if (stream === process.stdout) printed.push(String(text));
        return true;
      }),
    );
    try {
      const program = await createProgram('spotfind');
      await program.parseAsync(['spotfind', `${framesFile}[0:3]`, ...options], { from: 'user' });
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    return printed.join('');
  }

  it('tells the same story as JSON, CSV and CXI', async () => {
    const cxi = join(folder, 'p.cxi');
    const csv = join(folder, 'p.csv');
    const printed = JSON.parse(await run('--json', '--out', cxi, '--csv', csv, '-p', 'min_peaks=12')) as {
      frames: { index: number; hit: boolean; spots: { x: number }[] }[];
      summary: { frames: number; spots: number; hits: number };
    };
    const counts = printed.frames.map((frame) => frame.spots.length);
    expect(counts).toEqual([11, 20, 356]);
    expect(printed.summary).toMatchObject({ frames: 3, hits: 2, spots: 387 });
    expect(readFileSync(csv, 'utf8').trim().split('\n')).toHaveLength(388);
    const file = await openH5(cxi);
    expect([...values<Int32Array>(file, 'entry_1/result_1/nPeaks')]).toEqual(counts);
    file.close();
  });

  it('prints a table for people', async () => {
    expect(await run('-p', 'min_peaks=12')).toMatch(
      /387 spots on 3 frames[\s\S]*2 hits \(12 spots or more\)/,
    );
  });

  it.each([
    [['-p', 'nonsense=1'], 'is no parameter of peakfinder8'],
    [['-p', 'd_min=2'], 'needs the geometry'],
    [['--panels', '3x5'], 'do not divide'],
    [['--beam', '1'], 'is not two numbers'],
    [['--pixel-size', '-1'], 'is not a positive number'],
  ])('refuses %j in words and leaves no file', async (options, words) => {
    const out = join(folder, 'refused.cxi');
    const failure = run('--out', out, ...options);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(words);
    expect(readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
  });
});
